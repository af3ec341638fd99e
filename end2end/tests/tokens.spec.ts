// API tokens: a secret is shown once, and only while it opens something.

import { open } from "./support/steps";
import { expect, test } from "./support/test";

test.use({ as: "viewer" });

test("a secret goes when its own token is revoked, and not with another one", async ({ page }) => {
  await open(page, "/account/tokens");
  const secret = page.locator(".secret");
  const create = async (name: string) => {
    await page.getByLabel("Name", { exact: true }).fill(name);
    await page.getByRole("button", { name: "Create token" }).click();
    await expect(page.getByRole("row", { name })).toBeVisible();
    await expect(secret).toBeVisible();
  };
  const revoke = async (name: string) => {
    await page.getByRole("button", { name: `Revoke the token ${name}` }).click();
    await expect(page.getByRole("row", { name })).toHaveCount(0);
  };
  await create("first of two");
  await create("second of two");
  await revoke("first of two");
  await expect(secret).toBeVisible();
  await revoke("second of two");
  await expect(secret).toHaveCount(0);
});
