// Rows of a list that is read again: what somebody chose or typed in one is not another's.

import type { Page } from "@playwright/test";
import { homelab, join, open } from "./support/steps";
import { expect, test } from "./support/test";

test.use({ as: "viewer" });

test("each member's role is their own, whoever goes and whatever is refused", async ({ page, another, faults }) => {
  faults.allow(/ERR_FAILED|Failed to fetch/);
  const path = await homelab(page, "Rows and roles");
  await join(page, path, "member", another);
  await join(page, path, "owner", another);
  await open(page, `${path}/members`);
  const role = (name: string) => page.getByLabel(`Role of ${name}`);
  const change = async (name: string, to: string) => {
    const read = page.waitForResponse((it) => new URL(it.url()).pathname === "/ui/members");
    await role(name).selectOption(to);
    await (await read).finished();
    await expect(role(name)).toHaveValue(to);
  };
  // The page is read again with each change; its elements stay.
  await page.locator("main").evaluate((main) => main.setAttribute("data-same", ""));
  await change("Olga Owner", "admin");
  await change("Mika Member", "admin");
  await role("Mika Member").focus();
  await change("Mika Member", "viewer");
  await expect(page.locator("main[data-same]")).toBeVisible();
  await expect(role("Mika Member")).toBeFocused();

  await page.getByRole("row", { name: "Mika Member" }).getByRole("button", { name: "Remove" }).click();
  await page.getByRole("dialog", { name: "Remove Mika Member" }).getByRole("button", { name: "Remove" }).click();
  await expect(page.getByRole("row", { name: "Mika Member" })).toHaveCount(0);
  await expect(role("Olga Owner")).toHaveValue("admin");

  await page.route("**/ui/member/role", (route) => route.abort());
  await role("Olga Owner").selectOption("viewer");
  await expect(page.getByRole("alert")).toBeVisible();
  await expect(role("Olga Owner")).toHaveValue("admin");
});

test("what was typed for one tenant and left is there for none", async ({ page, another }) => {
  await homelab(page, "Rows, the second");
  const admin = await (await another({ as: "operator" })).newPage();
  await open(admin, "/admin/tenants");
  const row = (name: string) => admin.getByRole("row", { name });
  const dialog = admin.getByRole("dialog");
  const field = dialog.getByLabel("Organisation id");
  await row("Rows, the second").getByRole("button", { name: "Bind" }).click();
  await field.fill("typed-and-left");
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await expect(dialog).toHaveCount(0);
  await row("Rows, the second").getByRole("button", { name: "Bind" }).click();
  await expect(field).toHaveValue("");

  // By its name the new one comes before: each row is then the next one's.
  await homelab(page, "Rows, the first");
  await field.fill("rows-organisation");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(row("Rows, the first")).toBeVisible();
  await row("Rows, the first").getByRole("button", { name: "Bind" }).click();
  await expect(admin.getByRole("dialog", { name: "Organisation of Rows, the first" })).toBeVisible();
  await expect(field).toHaveValue("");
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await row("Rows, the second").getByRole("button", { name: "Change" }).click();
  await expect(field).toHaveValue("rows-organisation");
});

test("whoever leaves is out, and the last admin stays", async ({ page, another, faults }) => {
  faults.allow(/409|404/);
  const path = await homelab(page, "Revolving door");
  await join(page, path, "member", another);
  await open(page, `${path}/members`);
  const leave = async (who: Page) => {
    await who.getByRole("button", { name: "Leave", exact: true }).click();
    await who.getByRole("dialog").getByRole("button", { name: "Leave", exact: true }).click();
  };
  await leave(page);
  await expect(page.getByText("This is the last admin. Make another member an admin first.")).toBeVisible();

  const guest = await (await another({ as: "member" })).newPage();
  await open(guest, `${path}/members`);
  await leave(guest);
  await expect(guest.getByText("Change the homelab")).not.toHaveCount(0);
  await guest.waitForURL((url) => url.pathname !== `${path}/members`);
  await expect(guest.getByRole("link", { name: "Revolving door" })).toHaveCount(0);
  expect(new URL(guest.url()).pathname).not.toBe(path);
  await guest.goto(path);
  await expect(guest.getByRole("heading", { name: "Tenant not found" })).toBeVisible();
  await open(page, `${path}/members`);
  await expect(page.getByRole("row", { name: "Mika Member" })).toHaveCount(0);
});
