// The overview lives on while what it shows comes late or not at all.

import { alive, homelab, open } from "./support/steps";
import { expect, test } from "./support/test";

test.use({ as: "viewer" });

test("another homelab's parts come one after the other, and the page lives meanwhile", async ({ page }) => {
  const there = await homelab(page, "Second of two");
  const here = await homelab(page, "First of two");
  await open(page, here);
  const checked = page.getByRole("region", { name: /^Instance/ }).getByText(/^checked/);
  await expect(checked).toBeVisible({ timeout: 30_000 });

  let answer = () => {};
  const held = new Promise<void>((resolve) => {
    answer = resolve;
  });
  await page.route(
    (url) => url.pathname === "/ui/stack/overview",
    async (route) => {
      await held;
      await route.continue();
    },
  );
  const first = page.waitForResponse((it) => new URL(it.url()).pathname === "/ui/tenant/overview");
  await page.getByText("Change the homelab").locator("..").click();
  await page.getByRole("link", { name: "Second of two" }).click();
  await (await first).finished();
  // The clock goes on: what is still shown says so.
  const said = await checked.innerText();
  await expect(checked).not.toHaveText(said);

  answer();
  await expect(page.getByRole("heading", { level: 1, name: "Second of two" })).toBeVisible();
  await page.waitForURL(`**${there}`);
  await alive(page);
});

test("what was well long ago is not called well, in the heading neither", async ({ page, faults }) => {
  faults.allow(/ERR_FAILED/);
  const lab = await homelab(page, "Out of touch");
  await page.clock.install();
  await page.route(/\/instance\/events/, (route) => route.abort());
  const lede = page.locator(".lede");
  await expect(async () => {
    await open(page, lab);
    await expect(lede).toContainText(/The instance is (healthy|degraded)/, { timeout: 1_000 });
  }).toPass({ timeout: 30_000 });
  await page.clock.fastForward("01:00");
  await expect(lede).toContainText("The instance has not reported lately");
});
