// Links and forms alone: the main job in a browser without scripts.

import type { Page } from "@playwright/test";
import { homelab, signIn, SPECIFICATION, stack, write } from "./support/steps";
import { expect, test } from "./support/test";

test.use({ javaScriptEnabled: false });

/** Reads the page again until it says what it should: nothing else brings news here. */
async function until(page: Page, check: () => Promise<void>): Promise<void> {
  await expect(async () => {
    await page.goto(page.url());
    await check();
  }).toPass({ timeout: 60_000, intervals: [250] });
}

test("sign in, launch, specify, plan and approve by links and forms", async ({ page, faults }) => {
  test.setTimeout(120_000);
  // What a browser without scripts says of them.
  faults.allow(/\/pkg\/\S+\.js csp$/);
  await signIn(page, "viewer", "/tenants/new");

  await test.step("a name that is taken is refused on the same page", async () => {
    await page.getByLabel("Name", { exact: true }).fill("Nordhaus again");
    await page.getByLabel(/Name in addresses/).fill("nordhaus");
    await page.getByRole("button", { name: "Create homelab" }).click();
    await expect(page.getByText(/taken/).first()).toBeVisible();
    await expect(page).toHaveURL(/\/tenants\/new/);
    await expect(page.getByLabel("Name", { exact: true })).toHaveValue("Nordhaus again");
    await expect(page.getByLabel(/Name in addresses/)).toHaveValue("nordhaus");
  });

  await test.step("make a homelab and launch it", async () => {
    await page.goto("/tenants/new");
    await page.getByLabel("Name", { exact: true }).fill("Plain lab");
    await page.getByRole("button", { name: "Create homelab" }).click();
    await page.waitForURL("**/tenant/plain-lab");
    await page.getByRole("button", { name: "Launch homelab" }).first().click();
    // The launch reads itself again until it is done.
    await page.waitForURL("**/tenant/plain-lab", { timeout: 30_000 });
    await expect(page.getByRole("heading", { name: "No stacks yet" })).toBeVisible();
  });

  await test.step("make a stack", async () => {
    await page.getByRole("link", { name: "Stacks" }).first().click();
    await page.getByRole("link", { name: "New stack" }).first().click();
    await page.getByLabel("Name", { exact: true }).fill("core-services");
    await page.getByRole("button", { name: "Create the stack" }).click();
    await page.waitForURL(/\/stacks\/[0-9a-f-]{36}\/specification$/);
  });

  await test.step("save a specification by form", async () => {
    await expect(page.getByText(/The form needs scripts/)).toBeVisible();
    await expect(page.getByText(/as soon as the page is live/)).toBeHidden();
    await page.getByLabel("Specification in YAML").fill(SPECIFICATION);
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await expect(page.getByText(/revision 1/).first()).toBeVisible();
    await expect(page.getByLabel("Specification in YAML")).toHaveValue(/domain: test\.lab/);
  });

  await test.step("plan and approve by form", async () => {
    await page.getByRole("button", { name: "Plan", exact: true }).click();
    await page.waitForURL(/\/runs\/\d+$/);
    const approve = page.getByRole("button", { name: "Approve", exact: true });
    await until(page, () => expect(approve).toBeVisible({ timeout: 500 }));
    await approve.click();
    await page.getByRole("button", { name: "Approve and apply" }).click();
    const head = page.locator(".pane-head");
    await until(page, () => expect(head.getByText("Applied", { exact: true })).toBeVisible({ timeout: 500 }));
    await expect(page.getByRole("region", { name: "Log" })).toContainText("Apply complete");
  });

  await test.step("overview, stacks and the stack show it", async () => {
    await page.goto("/tenant/plain-lab");
    await expect(page.getByRole("heading", { name: "core-services" })).toBeVisible();
    await page.getByRole("link", { name: "Open stack" }).click();
    await expect(page.getByText("Live", { exact: true }).first()).toBeVisible();
  });
});

test("a form in a dialog that is refused says why", async ({ page, faults }) => {
  faults.allow(/\/pkg\/\S+\.js csp$/);
  await signIn(page, "operator", "/admin/instances");
  await page.getByRole("button", { name: "Register an instance" }).click();
  await page.getByLabel("Name", { exact: true }).fill("local");
  await page.getByLabel("Region", { exact: true }).fill("north");
  await page.getByLabel("Internal address").fill("http://127.0.0.1:1");
  await page.getByRole("button", { name: "Register", exact: true }).click();
  await expect(page.getByText(/An instance named local is registered already/)).toBeVisible();

  // The same words in an address that nobody was led to are nobody's.
  const address = page.url();
  expect(address).toContain("__err=");
  await page.context().clearCookies({ name: /said$/ });
  await page.goto(address);
  await expect(page).toHaveURL(/\/admin\/instances$/);
  await expect(page.getByText(/is registered already/)).toHaveCount(0);
});

test("a specification that somebody else saved in between: what was typed comes back", async ({ page, another, faults }) => {
  test.setTimeout(90_000);
  faults.allow(/\/pkg\/\S+\.js csp$/);
  const other = await (await another({ as: "viewer", javaScriptEnabled: true })).newPage();
  const path = await stack(other, await homelab(other, "Two plain hands"), "core-services");
  await signIn(page, "viewer", `${path}/specification`);
  await page.waitForURL(`**${path}/specification`);
  const text = page.getByLabel("Specification in YAML");
  const save = page.getByRole("button", { name: "Save", exact: true });
  await expect(text).toBeVisible();

  await write(other, SPECIFICATION.replace("test.lab", "theirs.lab"));
  await other.getByRole("button", { name: "Save", exact: true }).click();
  await expect(other.getByText("Saved as revision 1.")).toBeVisible();

  await text.fill(SPECIFICATION.replace("test.lab", "mine.lab"));
  await save.click();
  const theirs = page.getByRole("link", { name: "Read what was saved in another tab" });
  await expect(page.getByRole("alert")).toContainText(/revision 1 in between/);
  await expect(page.getByText(/What you typed stays here/)).toBeVisible();
  await expect(text).toHaveValue(/domain: mine\.lab/);
  await page.reload();
  await expect(text).toHaveValue(/domain: mine\.lab/);

  const opened = page.waitForEvent("popup");
  await theirs.click();
  await expect((await opened).getByLabel("Specification in YAML")).toHaveValue(/domain: theirs\.lab/);

  await save.click();
  await expect(page.getByText(/revision 2/).first()).toBeVisible();
  await expect(page.getByRole("alert")).toHaveCount(0);
  await expect(text).toHaveValue(/domain: mine\.lab/);
});
