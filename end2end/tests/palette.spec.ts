// The palette reads what it offers when it is opened.

import { find, homelab, open } from "./support/steps";
import { expect, test } from "./support/test";

test.use({ as: "viewer" });

test("closing the palette reads nothing", async ({ page }) => {
  const lab = await homelab(page, "Read once");
  await open(page, lab);
  let reads = 0;
  page.on("request", (request) => {
    if (new URL(request.url()).pathname === "/ui/stack/overview") reads += 1;
  });
  for (const time of [1, 2, 3]) {
    await page.keyboard.press("Control+K");
    await expect.poll(() => reads).toBeGreaterThanOrEqual(time);
    await page.keyboard.press("Escape");
    await expect(page.getByRole("dialog")).toHaveCount(0);
  }
  await find(page, /^Kits/);
  await page.waitForURL(`**${lab}/kits`);
  expect(reads).toBe(4);
});
