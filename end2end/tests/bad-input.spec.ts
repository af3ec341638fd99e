// What people get wrong: one clear sentence each, and nothing that they typed is
// lost.

import type { Page } from "@playwright/test";
import { alive, approve, editor, homelab, open, savePlan, SPECIFICATION, stack, state, waits, write } from "./support/steps";
import { expect, test } from "./support/test";

test.use({ as: "viewer" });

/** A homelab of this test with a stack whose specification is open. */
async function specification(page: Page, name: string): Promise<string> {
  return stack(page, await homelab(page, name), "core-services");
}

/** The problem that stands below a line of the editor. */
const below = (page: Page, line: string) =>
  page.locator(".cm-line", { hasText: line }).first().locator("xpath=following-sibling::*[1][contains(@class, 'cm-problem')]");

test("a specification that cannot be: each problem stands at its line", async ({ page }) => {
  await specification(page, "Wrong words");
  await test.step("no YAML", async () => {
    await write(page, `${SPECIFICATION}  proxy: [80, 443\n`);
    await expect(page.locator(".cm-problem")).toBeVisible();
    await expect(page.locator(".pane-head").getByText("1 problem", { exact: true })).toBeVisible();
  });
  await test.step("a field that does not exist", async () => {
    await write(page, SPECIFICATION.replace("    role: manager", "    role: manager\n    colour: blue"));
    await expect(below(page, "colour: blue")).toBeVisible();
    await expect(below(page, "colour: blue")).toContainText(/colour/);
  });
  await test.step("an address that is none", async () => {
    await write(page, SPECIFICATION.replace("10.20.0.11", "10.20.0.300"));
    await expect(below(page, "10.20.0.300")).toContainText("not an IPv4 address");
    // The form beside it says so too.
    await expect(page.getByLabel("Address")).toHaveAttribute("aria-invalid", "true");
  });
  await test.step("a domain that is missing", async () => {
    await write(page, SPECIFICATION.replace("domain: test.lab\n", ""));
    await expect(page.locator(".cm-problem").first()).toContainText(/domain/);
  });
  await test.step("a draft may be saved, a plan of it may not be made", async () => {
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await expect(page.getByText("Saved as revision 1.")).toBeVisible();
    await expect(page.getByRole("button", { name: "Plan", exact: true })).toBeDisabled();
    await page.reload();
    await expect(await editor(page)).not.toContainText("domain:");
  });
});

test("a specification that somebody else saved in between: what was typed stays", async ({ page, faults }) => {
  faults.allow(/409/);
  const path = await specification(page, "Two hands");
  const other = await page.context().newPage();
  await open(other, `${path}/specification`);
  await write(other, SPECIFICATION);
  await other.getByRole("button", { name: "Save", exact: true }).click();
  await expect(other.getByText("Saved as revision 1.")).toBeVisible();

  // As if it were saved and refused before the pause after the last key is over.
  await page.clock.install();
  await page.clock.pauseAt(Date.now() + 1_000);
  await write(page, SPECIFICATION.replace("test.lab", "mine.lab"));
  const caughtUp = page.waitForResponse((it) => new URL(it.url()).pathname === "/ui/stack");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByRole("alert")).toContainText(/revision 1|in between/);
  await caughtUp;
  await page.clock.resume();
  await expect(page.locator(".pane-head")).toContainText("revision 1, changed");
  await expect(await editor(page)).toContainText("mine.lab");
  await expect(page.getByRole("link", { name: "Read what was saved in another tab" })).toBeVisible();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByText("Saved as revision 2.")).toBeVisible();
});

test("a good save after a check that nobody answered takes its word back", async ({ page, faults }) => {
  // The check that goes nowhere.
  faults.allow(/ERR_FAILED/);
  await specification(page, "No answer");
  const checks = (url: URL) => url.pathname === "/ui/specification/check";
  const head = page.locator(".pane-head");
  await page.route(checks, (route) => route.abort());
  await write(page, SPECIFICATION);
  await expect(head.getByText("Not checked", { exact: true })).toBeVisible();
  await expect(head).toContainText("changed. kombify does not answer.");
  await page.unroute(checks);
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByText("Saved as revision 1.")).toBeVisible();
  await expect(head.getByText("Valid", { exact: true })).toBeVisible();
  await expect(head).not.toContainText("does not answer");
});

test("a plan that went stale is refused in the tab that still shows it", async ({ page, faults }) => {
  // The tab that hears nothing, and its refusal.
  faults.allow(/409/, /ERR_FAILED/);
  const path = await specification(page, "Stale bread");
  await write(page, SPECIFICATION);
  const run = await savePlan(page);
  const second = await page.context().newPage();
  await open(second, run);
  await waits(second);
  const deaf = await page.context().newPage();
  await deaf.route(/\/events/, (route) => route.abort());
  await open(deaf, run);
  await deaf.getByRole("button", { name: "Approve", exact: true }).click();
  await deaf.getByLabel("Comment (optional)").fill("looks right");

  await open(page, `${path}/specification`);
  await write(page, SPECIFICATION.replace("10.20.0.11", "10.20.0.12"));
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByText("Saved as revision 2.")).toBeVisible();

  // It hears of it, says why and offers the way on, before anybody approves.
  await expect(state(second)).toHaveText("Stale");
  await expect(second.getByRole("alert")).toContainText("Revision 2 was saved after this plan was made. Plan again.");
  await expect(second.getByRole("button", { name: "Approve", exact: true })).toHaveCount(0);
  // One that hears nothing is refused with the same sentence.
  await deaf.getByRole("button", { name: "Approve and apply" }).click();
  await expect(deaf.getByRole("dialog").getByRole("alert")).toBeVisible();
  await expect(deaf.getByLabel("Comment (optional)")).toHaveValue("looks right");

  await second.getByRole("button", { name: "Plan again" }).click();
  await second.waitForURL((url) => /\/runs\/\d+$/.test(url.pathname) && url.pathname !== run);
  await waits(second);
});

test("approving twice in two tabs applies once", async ({ page, faults }) => {
  // The tab that hears nothing, and its refusal.
  faults.allow(/409/, /ERR_FAILED/);
  await specification(page, "Twice");
  await write(page, SPECIFICATION);
  const run = await savePlan(page);
  const deaf = await page.context().newPage();
  await deaf.route(/\/events/, (route) => route.abort());
  await open(deaf, run);
  await deaf.getByRole("button", { name: "Approve", exact: true }).click();
  await approve(page);
  await expect(state(page)).toHaveText("Applied", { timeout: 60_000 });
  await deaf.getByRole("button", { name: "Approve and apply" }).click();
  await expect(deaf.getByRole("dialog").getByRole("alert")).toContainText("applied");
  await open(page, run.replace(/\/\d+$/, ""));
  await expect(page.locator("main [data-row]")).toHaveCount(1);
});

test("removing with a wrong name is not possible, with the right one it is", async ({ page }) => {
  const path = await specification(page, "Wrong name");
  await open(page, path);
  await page.getByRole("button", { name: "Remove", exact: true }).click();
  const dialog = page.getByRole("dialog");
  const remove = dialog.getByRole("button", { name: "Remove the stack" });
  await dialog.getByRole("textbox").fill("core-service");
  await expect(remove).toBeDisabled();
  await dialog.getByRole("textbox").fill("core-services");
  await remove.click();
  await page.waitForURL(/\/stacks$/);
  await expect(page.getByRole("heading", { name: "No stacks yet" })).toBeVisible();
});

test("a homelab's name in addresses that is taken is said at its field", async ({ page, faults }) => {
  faults.allow(/409|400/);
  await open(page, "/tenants/new");
  await page.getByLabel("Name", { exact: true }).fill("Nordhaus once more");
  await page.getByLabel(/Name in addresses/).fill("nordhaus");
  await page.getByRole("button", { name: "Create homelab" }).click();
  await expect(page.getByText(/taken/).first()).toBeVisible();
  await expect(page.getByLabel("Name", { exact: true })).toHaveValue("Nordhaus once more");
  await expect(page.getByLabel(/Name in addresses/)).toHaveValue("nordhaus");
});

test("a stack's name that is taken is refused and stays typed", async ({ page, faults }) => {
  faults.allow(/409/);
  const lab = (await specification(page, "Namesakes")).replace(/\/stacks\/.*/, "");
  await open(page, `${lab}/stacks/new`);
  await page.getByLabel("Name", { exact: true }).fill("core-services");
  await page.getByRole("button", { name: "Create the stack" }).click();
  await expect(page.getByText(/There is a stack core-services already/).first()).toBeVisible();
  await expect(page.getByLabel("Name", { exact: true })).toHaveValue("core-services");
});

test("an unknown page and what belongs to somebody else say so and lead on", async ({ page, faults }) => {
  faults.allow(/404/);
  for (const path of ["/no/such/page", "/tenant/nordhaus/no-such-room", "/tenant/nobodys", "/tenant/nordhaus/runs/4711", "/tenant/nordhaus/stacks/nonsense"]) {
    const answer = await page.goto(path);
    expect(answer?.status(), path).toBe(404);
    await alive(page);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await expect(page.getByRole("link", { name: "Open your homelabs" })).toBeVisible();
  }
});
