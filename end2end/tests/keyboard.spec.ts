// Everything without a mouse: the palette, the keys, and where the focus is.

import type { Page } from "@playwright/test";
import { facts } from "./support/facts";
import { PAGES } from "./support/pages";
import { alive, open } from "./support/steps";
import { expect, test } from "./support/test";

/** Pages that nobody goes to from inside: they are reached by a link that was given. */
const BY_LINK = ["/", "/kits", "/invitations/:secret", "/launch/:id", "/problems/:code"];

/** The focus is on what is shown, and it can be seen. */
async function focusIsVisible(page: Page): Promise<void> {
  const seen = await page.evaluate(() => {
    const at = document.activeElement;
    return at !== null && at !== document.body && at.matches(":focus-visible") && getComputedStyle(at).outlineStyle !== "none";
  });
  expect(seen, "the focused element has a ring").toBe(true);
}

for (const [account, prefix, start] of [
  ["owner", "/tenant/", "/tenant/nordhaus"],
  ["operator", "/admin", "/admin"],
] as const) {
  test.describe(() => {
    test.use({ as: account });

    test(`the palette reaches every page of ${account}`, async ({ page }) => {
      const wanted = PAGES.filter((row) => row.route?.startsWith(prefix)).map((row) => row.at(facts()));
      const own = PAGES.filter((row) => row.route && !/^\/(tenant\/|admin)/.test(row.route) && !BY_LINK.includes(row.route));
      wanted.push(...own.map((row) => new URL(row.at(facts()), "http://x").pathname));
      await open(page, start);
      await page.keyboard.press("Control+K");
      const find = page.getByRole("combobox", { name: "Find or run" });
      await expect(find).toBeFocused();
      // Lines come as they are read: the whole list is there once the last one is.
      await expect
        .poll(async () => {
          const offered = await page.getByRole("option").evaluateAll((all) => all.map((one) => new URL((one as HTMLAnchorElement).href).pathname));
          return wanted.filter((path) => !offered.includes(path));
        })
        .toEqual([]);
    });
  });
}

test.describe(() => {
  test.use({ as: "owner" });

  test("the palette finds, goes and gives the focus back", async ({ page }) => {
    await open(page, "/tenant/nordhaus");
    const stacks = page.getByRole("complementary").getByRole("link", { name: "Stacks" });
    await stacks.focus();
    await page.keyboard.press("Control+K");
    await page.keyboard.press("Escape");
    await expect(stacks).toBeFocused();

    await page.keyboard.press("Control+K");
    await page.keyboard.type("core spec");
    await expect(page.getByRole("option")).toHaveCount(1);
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/specification$/);
    await alive(page);
    await expect(page.getByRole("dialog")).toHaveCount(0);
    await expect(page.locator("main")).toBeFocused();

    await page.keyboard.press("Control+K");
    await page.keyboard.type("nothing has these words");
    await expect(page.getByText("Nothing has these words.")).toBeVisible();
  });

  test("g and a letter go to every room, and the focus goes along", async ({ page }) => {
    await open(page, "/tenant/nordhaus");
    const rooms = await page.locator("nav [data-go]").evaluateAll((all) =>
      all.map((one) => [one.getAttribute("data-go")!, new URL((one as HTMLAnchorElement).href).pathname] as const),
    );
    expect(rooms.length).toBeGreaterThan(7);
    for (const [letter, path] of rooms) {
      await page.keyboard.press("g");
      await page.keyboard.press(letter);
      await page.waitForURL((url) => url.pathname === path);
      await alive(page);
    }
  });

  test("the focus follows a link to the new page", async ({ page }) => {
    await open(page, "/tenant/nordhaus");
    for (const [name, path] of [
      ["Stacks", "/stacks"],
      ["Nodes", "/nodes"],
      ["Kits", "/kits"],
      ["Members", "/members"],
    ] as const) {
      await page.getByRole("complementary").getByRole("link", { name }).focus();
      await page.keyboard.press("Enter");
      await page.waitForURL(`**${path}`);
      await alive(page);
      await expect(page.locator("main")).toBeFocused();
      await focusIsVisible(page);
    }
  });

  test("a filter of the same page leaves the focus where it is", async ({ page }) => {
    await open(page, "/tenant/nordhaus/runs");
    const waiting = page.getByRole("link", { name: /^Waiting/ });
    await waiting.focus();
    await page.keyboard.press("Enter");
    await page.waitForURL(/state=waiting/);
    await expect(page.getByRole("row", { name: /core-services/ })).toBeVisible();
    await expect(page.getByRole("link", { name: /^Waiting/ })).toBeFocused();
  });

  test("j and k move in a list and Enter opens", async ({ page }) => {
    await open(page, "/tenant/nordhaus/runs");
    const rows = page.locator("main [data-row]");
    await page.keyboard.press("j");
    await expect(rows.nth(0)).toBeFocused();
    await focusIsVisible(page);
    await page.keyboard.press("j");
    await expect(rows.nth(1)).toBeFocused();
    await page.keyboard.press("k");
    await expect(rows.nth(0)).toBeFocused();
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/runs\/\d+$/);
    await alive(page);
  });

  test("? shows the keys, Esc closes, and letters in a field are letters", async ({ page }) => {
    await open(page, "/tenant/nordhaus/stacks/new");
    await page.keyboard.press("?");
    const keys = page.getByRole("dialog", { name: "Keys" });
    await expect(keys).toBeVisible();
    await page.keyboard.press("Escape");
    await expect(keys).toBeHidden();
    const name = page.getByLabel("Name", { exact: true });
    await name.focus();
    await page.keyboard.type("gs?jk/");
    await expect(name).toHaveValue("gs?jk/");
    await expect(page).toHaveURL(/\/stacks\/new$/);
  });

  test("a dialog takes the focus and gives it back", async ({ page }) => {
    await open(page, `/tenant/nordhaus/stacks/${facts().stacks.attic}`);
    const remove = page.getByRole("button", { name: "Remove", exact: true });
    await remove.focus();
    await page.keyboard.press("Enter");
    await expect(page.getByRole("dialog")).toBeVisible();
    expect(await page.evaluate(() => document.activeElement?.closest("dialog") !== null)).toBe(true);
    await page.keyboard.press("Escape");
    await expect(page.getByRole("dialog")).toHaveCount(0);
    await expect(remove).toBeFocused();
  });

  test("/ goes to the search of a page", async ({ page }) => {
    await open(page, `/tenant/nordhaus/runs/${facts().runs.applied}`);
    await page.keyboard.press("/");
    await expect(page.getByPlaceholder("Search")).toBeFocused();
    await page.keyboard.type("complete");
    await expect(page.locator(".log-line").first()).toContainText(/complete/i);
  });

  test("the first Tab offers to skip to the content", async ({ page }) => {
    await open(page, "/tenant/nordhaus");
    await page.keyboard.press("Tab");
    const skip = page.getByRole("link", { name: "Skip to the content" });
    await expect(skip).toBeFocused();
    await page.keyboard.press("Enter");
    await expect(page.locator("main")).toBeFocused();
  });

  test("Esc closes a menu and gives the focus back", async ({ page }) => {
    await open(page, "/tenant/nordhaus");
    const menu = page.locator("summary", { hasText: "Change the homelab" });
    await menu.focus();
    await page.keyboard.press("Enter");
    await expect(page.getByRole("link", { name: "New homelab" })).toBeVisible();
    await page.keyboard.press("Escape");
    await expect(page.getByRole("link", { name: "New homelab" })).toBeHidden();
    await expect(menu).toBeFocused();
  });
});
