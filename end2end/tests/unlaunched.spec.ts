// A homelab that was never launched has no rooms yet, and says so where they would be.

import { alive, join, launch, open } from "./support/steps";
import { expect, test } from "./support/test";

test.use({ as: "viewer" });

test("each room leads to the launch, and Back leads back", async ({ page, faults }) => {
  faults.allow(/401/);
  await open(page, "/tenants/new");
  await page.getByLabel("Name", { exact: true }).fill("Not yet");
  await page.getByRole("button", { name: "Create homelab" }).click();
  await page.waitForURL("**/tenant/not-yet");
  await alive(page);
  const rooms = page.getByRole("navigation", { name: "Rooms" });
  for (const room of ["Stacks", "Nodes", "Runs"]) {
    await rooms.getByRole("link", { name: room }).click();
    await expect(page.getByRole("heading", { name: "Not launched yet" }).first()).toBeVisible();
    await page.goBack();
    await expect(page.getByRole("button", { name: "Launch homelab" }).first()).toBeVisible();
  }
  await page.goto("/tenant/not-yet/stacks/new");
  await page.getByRole("link", { name: "Go to the overview to launch it" }).click();
  await page.waitForURL("**/tenant/not-yet");
  await expect(page.getByRole("button", { name: "Launch homelab" }).first()).toBeVisible();
});

test("what somebody else launched meanwhile is launched for all", async ({ page, another, faults }) => {
  faults.allow(/401/);
  await open(page, "/tenants/new");
  await page.getByLabel("Name", { exact: true }).fill("By and by");
  await page.getByRole("button", { name: "Create homelab" }).click();
  await page.waitForURL("**/tenant/by-and-by");
  await join(page, "/tenant/by-and-by", "member", another);
  const guest = await (await another({ as: "member" })).newPage();
  await open(guest, "/tenant/by-and-by");
  await expect(guest.getByRole("button", { name: "Launch homelab" }).first()).toBeVisible();
  await open(page, "/tenant/by-and-by");
  await launch(page, "/tenant/by-and-by");
  await guest.getByRole("navigation", { name: "Rooms" }).getByRole("link", { name: "Stacks" }).click();
  await guest.waitForURL("**/tenant/by-and-by/stacks");
  await expect(guest.getByRole("heading", { name: "Stacks", exact: true })).toBeVisible();
  await expect(guest.getByText("Not launched yet")).toHaveCount(0);
});

test("whoever is no operator gets nothing of the admin centre but the refusal", async ({ page, faults }) => {
  faults.allow(/403/);
  await page.goto("/admin");
  await expect(page.getByRole("heading", { name: "Not allowed" })).toBeVisible();
  await expect(page.getByRole("link", { name: "Instances" })).toHaveCount(0);
  await expect(page.getByText("Operator", { exact: true })).toHaveCount(0);
});
