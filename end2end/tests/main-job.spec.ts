import { expect, test } from "@playwright/test";
import { signIn } from "./support";

const wrong = `kit: base-homelab
domain: test.lab
nodes:
  - name: one
    address: 10.20.0.300
    role: manager
services:
  dns: {}
`;
const right = wrong.replace("10.20.0.300", "10.20.0.11");

/** From signing in to a stack that was really checked by CUE and really applied. */
test("the main job: sign in, launch, specify, plan, approve, apply", async ({ page }) => {
  await signIn(page, "owner", "/tenants/new");

  await test.step("make a tenant", async () => {
    await page.getByLabel("Name", { exact: true }).fill("Test lab");
    await page.getByRole("button", { name: /create/i }).click();
    await page.waitForURL("**/tenant/test-lab");
  });

  await test.step("launch it and watch the steps", async () => {
    await page.getByRole("button", { name: "Launch homelab" }).first().click();
    await page.waitForURL("**/tenant/test-lab");
    await expect(page.getByRole("heading", { name: "Test lab" })).toBeVisible();
  });

  await test.step("make a stack", async () => {
    await page.goto("/tenant/test-lab/stacks/new");
    await page.getByLabel("Name", { exact: true }).fill("core-services");
    await page.getByRole("button", { name: "Create the stack" }).click();
    await page.waitForURL(/\/stacks\/[0-9a-f-]{36}/);
  });
  const stack = page.url().replace(/\/specification.*$/, "");

  await test.step("read a problem at its line while typing", async () => {
    await page.goto(`${stack}/specification`);
    const editor = page.locator(".cm-content");
    await editor.click();
    await page.keyboard.press("Control+A");
    await page.keyboard.insertText(wrong);
    await expect(page.getByText(/not an IPv4 address/).first()).toBeVisible();
    await editor.click();
    await page.keyboard.press("Control+A");
    await page.keyboard.insertText(right);
    await expect(page.getByText(/not an IPv4 address/)).toHaveCount(0);
  });

  await test.step("save and plan", async () => {
    await page.getByRole("button", { name: "Save" }).click();
    await expect(page.getByRole("button", { name: "Plan" })).toBeEnabled();
    await page.getByRole("button", { name: "Plan" }).click();
    await page.waitForURL(/\/runs\/\d+/);
  });

  await test.step("approve exactly that plan and see it applied", async () => {
    await page.getByRole("button", { name: "Approve", exact: true }).click();
    await page.getByRole("button", { name: "Approve and apply" }).click();
    await expect(page.getByText("Applied", { exact: true }).first()).toBeVisible({ timeout: 60_000 });
  });

  await test.step("the log survives a reload", async () => {
    await page.reload();
    await expect(page.getByRole("region", { name: "Log" })).toContainText("one");
    await expect(page.getByText("Applied", { exact: true }).first()).toBeVisible();
  });
});
