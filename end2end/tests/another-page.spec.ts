// Another page of the same kind, e.g. another stack's: nothing of the one before is on it.

import { alive, editor, find, homelab, open, savePlan, SPECIFICATION, stack, write } from "./support/steps";
import { expect, test } from "./support/test";

test.use({ as: "viewer" });

const of = (name: string): string => SPECIFICATION.replace("test.lab", `${name}.lab`);

test("another stack's specification is its own, when it is shown and when it is saved", async ({ page }) => {
  const lab = await homelab(page, "Two specifications");
  const beta = await stack(page, lab, "beta");
  await stack(page, lab, "alpha");
  const heading = (name: string) => page.getByRole("heading", { level: 1, name });
  await write(page, of("alpha"));
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByText("Saved as revision 1.")).toBeVisible();

  await find(page, /^beta: specification/);
  await page.waitForURL(`**${beta}/specification`);
  await alive(page);
  await expect(heading("beta")).toBeVisible();
  await expect(await editor(page)).not.toContainText("alpha.lab");
  await expect(page.locator("#yaml")).not.toHaveValue(/alpha\.lab/);
  await write(page, of("beta"));
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByRole("button", { name: "Plan", exact: true })).toBeEnabled();
  await page.reload();
  await expect(await editor(page)).toContainText("beta.lab");

  await find(page, /^alpha: specification/);
  await expect(heading("alpha")).toBeVisible();
  await expect(await editor(page)).toContainText("alpha.lab");
});

test("a dialog that is open on one run is not open on another", async ({ page }) => {
  test.setTimeout(120_000);
  const lab = await homelab(page, "Two runs");
  for (const name of ["alpha", "beta"]) {
    await stack(page, lab, name);
    await write(page, of(name));
    await savePlan(page);
  }
  await page.getByRole("button", { name: "Approve", exact: true }).click();
  await page.getByLabel("Comment (optional)").fill("meant for beta");
  await find(page, /^Run 1: Apply alpha/);
  await page.waitForURL(`**${lab}/runs/1`);
  await alive(page);
  await expect(page).toHaveTitle(/^Apply 1 of alpha/);
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await page.getByRole("button", { name: "Approve", exact: true }).click();
  await expect(page.getByRole("dialog", { name: "Approve run 1 of alpha" })).toBeVisible();
  await expect(page.getByLabel("Comment (optional)")).toHaveValue("");
});

test("a dialog that was cancelled forgets what was typed", async ({ page }) => {
  await stack(page, await homelab(page, "Second thoughts"), "core-services");
  await write(page, SPECIFICATION);
  await savePlan(page);
  const approve = page.getByRole("button", { name: "Approve", exact: true });
  const comment = page.getByLabel("Comment (optional)");
  await approve.click();
  await comment.fill("not yet");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await approve.click();
  await expect(comment).toHaveValue("");
});

test("the same page in another homelab is that homelab's", async ({ page }) => {
  const one = await homelab(page, "One of two");
  const other = await homelab(page, "Other of two");
  await open(page, `${one}/stacks/new`);
  await page.getByLabel("Name", { exact: true }).fill("meant-for-one");
  // As going back over several pages at once does.
  await page.evaluate((to) => {
    history.pushState(null, "", to);
    dispatchEvent(new PopStateEvent("popstate"));
  }, `${other}/stacks/new`);
  await alive(page);
  await expect(page.getByLabel("Name", { exact: true })).toHaveValue("");
  await page.getByLabel("Name", { exact: true }).fill("core-services");
  await page.getByRole("button", { name: "Create the stack" }).click();
  await page.waitForURL(`**${other}/stacks/*/specification`);
});
