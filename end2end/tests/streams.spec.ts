// Live views: a browser has few connections for all of its tabs, and a page that may not
// be read any more says so instead of asking for ever.

import type { Page } from "@playwright/test";
import { homelab, join, open, signIn } from "./support/steps";
import { expect, test } from "./support/test";

const LAB = "/tenant/nordhaus";

/** The stream of the instance's health answers. */
const live = (page: Page) => page.waitForResponse((answer) => answer.url().endsWith("/instance/events") && answer.ok());

/** What a page is told when its tab is put behind another one, or comes to the front. */
async function look(page: Page, at: boolean): Promise<void> {
  await page.evaluate((hidden) => {
    Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
  }, !at);
}

test.describe(() => {
  test.use({ as: "owner" });

  test("the seventh tab of a browser loads, and the first one is live again when it is looked at", async ({ page }) => {
    const opened = live(page);
    await open(page, LAB);
    await opened;
    await look(page, false);
    for (let at = 2; at <= 7; at += 1) {
      const tab = await page.context().newPage();
      const stream = live(tab);
      await open(tab, LAB);
      await stream;
      await look(tab, false);
    }
    const again = live(page);
    await look(page, true);
    await again;
    await expect(page.getByText(/Not live/)).toHaveCount(0);
  });
});

test.describe(() => {
  test.use({ as: "viewer" });

  test("whoever is removed from a homelab is told so by the page that they have open", async ({ page, another, faults }) => {
    faults.allow(/404/);
    const path = await homelab(page, "Short stay");
    await join(page, path, "member", another);
    const guest = await (await another({ as: "member" })).newPage();
    const stream = live(guest);
    await open(guest, path);
    await stream;
    await expect(guest.getByRole("heading", { name: "Short stay" })).toBeVisible();

    await open(page, `${path}/members`);
    await page.getByRole("row", { name: "Mika Member" }).getByRole("button", { name: "Remove" }).click();
    await page.getByRole("dialog", { name: "Remove Mika Member" }).getByRole("button", { name: "Remove" }).click();
    await expect(page.getByText("The member was removed.")).toBeVisible();

    // Nobody touches the other page: it reads itself again.
    await expect(guest.getByRole("heading", { name: "Tenant not found" })).toBeVisible({ timeout: 30_000 });
    await expect(guest.getByRole("region", { name: /^Instance/ })).toHaveCount(0);
  });
});

test("a page of a session that ended leads to the sign-in", async ({ page, faults }) => {
  faults.allow(/401/);
  await signIn(page, "owner", LAB);
  const stream = live(page);
  await open(page, LAB);
  await stream;

  const other = await page.context().newPage();
  await open(other, "/account/tokens");
  await other.getByText("Your account").locator("..").click();
  await other.getByRole("complementary").getByRole("button", { name: "Sign out" }).click();
  await other.waitForURL("/");

  await expect(page.getByRole("button", { name: "Sign in as owner" })).toBeVisible({ timeout: 30_000 });
});
