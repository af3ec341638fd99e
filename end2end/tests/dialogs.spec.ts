// A dialog goes once it was answered, whatever stands in the list then: one that stayed
// would be the next row's, or the way back.

import type { Locator, Page } from "@playwright/test";
import { homelab, join, open } from "./support/steps";
import { expect, test } from "./support/test";

/** Opens the dialog of a row and answers it; it is gone afterwards. */
async function answer(page: Page, opener: Locator, named: string, button: string): Promise<void> {
  await opener.click();
  const dialog = page.getByRole("dialog", { name: named });
  await dialog.getByRole("button", { name: button }).click();
  await expect(page.getByRole("dialog")).toHaveCount(0);
}

test.describe(() => {
  test.use({ as: "viewer" });

  test("a member is removed, and the next one is not asked about", async ({ page, another }) => {
    const path = await homelab(page, "Comings and goings");
    await join(page, path, "member", another);
    await join(page, path, "owner", another);
    await open(page, `${path}/members`);
    const row = (name: string) => page.getByRole("row", { name });
    const remove = row("Mika Member").getByRole("button", { name: "Remove" });
    await answer(page, remove, "Remove Mika Member", "Remove");
    await expect(page.getByText("The member was removed.")).toBeVisible();
    await expect(row("Mika Member")).toHaveCount(0);
    await expect(row("Olga Owner")).toBeVisible();
    await expect(page.getByRole("dialog")).toHaveCount(0);
  });

  test("an operator binds a homelab, is told what does not hold, and unbinds it", async ({ page, another, faults }) => {
    faults.allow(/409/);
    await homelab(page, "Bound for a while");
    const admin = await (await another({ as: "operator" })).newPage();
    await open(admin, "/admin/tenants");
    const row = admin.getByRole("row", { name: "Bound for a while" });
    const dialog = admin.getByRole("dialog");
    const save = async (organisation: string) => {
      await dialog.getByLabel("Organisation id").fill(organisation);
      await dialog.getByRole("button", { name: "Save" }).click();
    };
    await row.getByRole("button", { name: "Bind" }).click();
    await save("a-while");
    await expect(admin.getByText("Bound for a while is bound to a-while now.")).toBeVisible();
    await expect(row).toContainText("a-while");
    await expect(admin.getByRole("dialog")).toHaveCount(0);
    // The organisation of the sample homelab.
    await row.getByRole("button", { name: "Change" }).click();
    await save("dev-org");
    await expect(dialog.getByRole("alert")).toContainText("Nordhaus lab (nordhaus) is bound to this organisation. Unbind it first.");
    await expect(dialog.getByLabel("Organisation id")).toHaveValue("dev-org");
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await expect(row).toContainText("a-while");
    await row.getByRole("button", { name: "Change" }).click();
    await expect(dialog.getByLabel("Organisation id")).toHaveValue("a-while");
    await expect(dialog.getByRole("alert")).toHaveCount(0);
    await save("");
    await expect(dialog).toHaveCount(0);
    await expect(admin.getByText("Bound for a while is bound to no organisation now.")).toBeVisible();
    await expect(row.getByRole("button", { name: "Bind" })).toBeVisible();
  });
});

test.describe(() => {
  test.use({ as: "operator" });

  test("an operator makes another one, and is not asked to take it back", async ({ page }) => {
    await open(page, "/admin/users");
    const row = page.getByRole("row", { name: "Mika Member" });
    const make = row.getByRole("button", { name: "Make operator" });
    await answer(page, make, "Make Mika Member an operator", "Make operator");
    await expect(row.getByText("Operator", { exact: true })).toBeVisible();
    await expect(page.getByRole("dialog")).toHaveCount(0);
    const take = row.getByRole("button", { name: "Take operator" });
    await answer(page, take, "Mika Member is no operator any more", "Take it from them");
    await expect(make).toBeVisible();
  });
});
