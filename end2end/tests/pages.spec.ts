// Every page, full of the sample data, light and dark, wide and narrow: a picture
// of each, nothing that axe finds serious, nothing wider than the screen.

import { accessible } from "./support/axe";
import { facts } from "./support/facts";
import { PAGES } from "./support/pages";
import { routes } from "./support/routes";
import { alive } from "./support/steps";
import { expect, lookAt, test } from "./support/test";

// The pictures tell more than a trace, which takes as long as they do.
test.use({ trace: "off" });

const WIDE = { width: 1440, height: 900 };
const NARROW = { width: 390, height: 844 };

test("every page of the application has a row, and no row is of a page that is gone", () => {
  const rows = PAGES.flatMap(({ route }) => route ?? []);
  expect(rows.toSorted()).toEqual(routes().toSorted());
  expect(new Set(PAGES.map(({ name }) => name)).size).toBe(PAGES.length);
});

for (const row of PAGES) {
  lookAt.describe(() => {
    lookAt.use({ as: row.as });

    lookAt(`${row.name} looks right and is accessible`, async ({ page, faults }) => {
      faults.allow(...(row.faults ?? []));
      await page.emulateMedia({ colorScheme: "light" });
      await page.goto(row.at(facts()));
      if (!row.plain) await alive(page);
      await row.then?.(page);
      for (const [size, scheme] of [
        ["wide", "light"],
        ["wide", "dark"],
        ["narrow", "dark"],
        ["narrow", "light"],
      ] as const) {
        const frame = size === "wide" ? WIDE : NARROW;
        await page.setViewportSize(frame);
        await page.emulateMedia({ colorScheme: scheme });
        if (size === "narrow" && scheme === "dark") await row.narrow?.(page);
        // In the dark the same elements have other colours.
        await accessible(page, `${row.name}, ${size}, ${scheme}`, scheme === "dark" ? ["color-contrast"] : undefined);
        const [beyond, height] = await page.evaluate(() => {
          const { scrollWidth, clientWidth, scrollHeight } = document.documentElement;
          return [scrollWidth - clientWidth, scrollHeight] as const;
        });
        expect(beyond, `${row.name} is wider than a ${size} screen by so many pixels`).toBeLessThanOrEqual(0);
        // As tall as the page, so that what sticks to the bottom is at its bottom.
        if (height > frame.height) await page.setViewportSize({ ...frame, height });
        await page.screenshot({ path: `artefacts/pages/${row.name}-${size}-${scheme}.png`, animations: "disabled" });
      }
    });
  });
}

test.describe(() => {
  test.use({ as: "owner", viewport: NARROW });

  test("the drawer of a narrow screen opens, is accessible and closes after a link", async ({ page }) => {
    await page.goto("/tenant/nordhaus");
    await alive(page);
    const drawer = page.getByRole("complementary", { name: "Navigation" });
    await expect(drawer).toBeHidden();
    await page.getByRole("button", { name: "Open the navigation" }).click();
    await expect(drawer).toBeVisible();
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await accessible(page, `the drawer, ${colorScheme}`);
      await page.screenshot({ path: `artefacts/pages/drawer-narrow-${colorScheme}.png`, animations: "disabled" });
    }
    await drawer.getByRole("link", { name: "Stacks" }).click();
    await page.waitForURL("**/stacks");
    await alive(page);
    await expect(drawer).toBeHidden();
  });
});
