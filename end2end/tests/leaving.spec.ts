// What was typed into a specification and not saved is there again, however the page was
// left.

import type { Page } from "@playwright/test";
import { alive, choose, editor, homelab, open, SPECIFICATION, stack, write } from "./support/steps";
import { expect, test } from "./support/test";

test.use({ as: "viewer" });

const MINE = SPECIFICATION.replace("test.lab", "mine.lab");
const restored = (page: Page) => page.getByText("Unsaved changes from before were restored.");

/** A stack with one revision, whose specification is open. Answers the stack's path. */
async function saved(page: Page, name: string): Promise<string> {
  const path = await stack(page, await homelab(page, name), "core-services");
  await write(page, SPECIFICATION);
  await save(page, 1);
  return path;
}

async function save(page: Page, revision: number): Promise<void> {
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByText(`Saved as revision ${revision}.`)).toBeVisible();
}

/** The other room is shown. */
async function away(page: Page): Promise<void> {
  await page.waitForURL(/\/nodes$/);
  await alive(page);
}

/** The text is back, and it is said why. */
async function isBack(page: Page, text: string): Promise<void> {
  await expect(await editor(page)).toContainText(text);
  await expect(restored(page)).toBeVisible();
  await expect(page.locator(".pane-head")).toContainText("changed");
}

test("links, keys, Back and a reload lose nothing that was typed", async ({ page }) => {
  test.setTimeout(90_000);
  const path = await saved(page, "Come back");
  const nodes = page.getByRole("complementary").getByRole("link", { name: "Nodes" });

  await test.step("by a link, right after the last key", async () => {
    await write(page, MINE);
    await nodes.click();
    await away(page);
    await page.goBack();
    await alive(page);
    await isBack(page, "mine.lab");
  });

  await test.step("by the keyboard", async () => {
    await write(page, MINE.replace("mine.lab", "keys.lab"));
    await page.getByRole("heading", { level: 1 }).click();
    await page.keyboard.press("g");
    await page.keyboard.press("n");
    await away(page);
    await page.goBack();
    await alive(page);
    await isBack(page, "keys.lab");
  });

  await test.step("by a reload, which asks first", async () => {
    const asked = page.waitForEvent("dialog").then(async (dialog) => {
      await dialog.accept();
      return dialog.type();
    });
    await page.reload();
    expect(await asked).toBe("beforeunload");
    await alive(page);
    await isBack(page, "keys.lab");
  });

  await test.step("discarded, it is what was saved", async () => {
    await page.getByRole("button", { name: "Discard", exact: true }).click();
    await expect(await editor(page)).toContainText("test.lab");
    await expect(restored(page)).toHaveCount(0);
    await expect(page.getByText("Valid", { exact: true })).toBeVisible();
    await open(page, `${path}/specification`);
    await expect(await editor(page)).toContainText("test.lab");
    await expect(restored(page)).toHaveCount(0);
  });

  await test.step("saved, it is not offered again", async () => {
    await write(page, MINE);
    await save(page, 2);
    await nodes.click();
    await away(page);
    await page.goBack();
    await alive(page);
    await expect(await editor(page)).toContainText("mine.lab");
    await expect(restored(page)).toHaveCount(0);
  });
});

/** Somebody else saved a revision since the text that is back was typed. Saving it is refused. */
async function refused(page: Page, name: string): Promise<void> {
  const path = await saved(page, name);
  await write(page, MINE);
  await page.getByRole("complementary").getByRole("link", { name: "Nodes" }).click();
  await away(page);

  const other = await page.context().newPage();
  await open(other, `${path}/specification`);
  // A tab of its own has a draft of its own.
  await expect(await editor(other)).toContainText("test.lab");
  await write(other, SPECIFICATION.replace("test.lab", "theirs.lab"));
  await save(other, 2);

  await page.goBack();
  await alive(page);
  await isBack(page, "mine.lab");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByRole("alert")).toContainText(/revision 2|in between/);
  await expect(page.getByRole("link", { name: "Read what was saved in another tab" })).toBeVisible();
  await expect(await editor(page)).toContainText("mine.lab");
  await expect(page.locator(".pane-head")).toContainText("revision 2, changed");
}

test("what was restored does not replace unasked what somebody else saved since", async ({ page, faults }) => {
  faults.allow(/409/);
  await refused(page, "Late return");
  await save(page, 3);
  await expect(restored(page)).toHaveCount(0);
});

test("discarded, what was refused is not spoken of any more", async ({ page, faults }) => {
  faults.allow(/409/);
  await refused(page, "Better thought");
  await page.getByRole("button", { name: "Discard", exact: true }).click();
  await expect(await editor(page)).toContainText("theirs.lab");
  await expect(page.getByRole("alert")).toHaveCount(0);
  await expect(page.getByText(/What you typed stays here/)).toHaveCount(0);
});

test("signed out, a save says the way in, which leads back to what was typed", async ({ page, faults }) => {
  faults.allow(/401/);
  const path = await saved(page, "Gone and back");
  const head = page.locator(".pane-head");
  const way = head.getByRole("link", { name: /^(Sign in|Open the homelab again)$/ });
  await write(page, MINE);
  await expect(head).toContainText(/checked in .*changed/);
  const session = await page.context().cookies();
  await page.context().clearCookies();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(head.getByRole("alert")).toBeVisible();
  await expect(way).toBeVisible();

  await test.step("a session of another tab ends the word at the next answer", async () => {
    await page.context().addCookies(session);
    await write(page, MINE.replace("mine.lab", "still.lab"));
    await expect(way).toHaveCount(0);
    await expect(head.getByRole("alert")).toHaveCount(0);
  });

  await page.context().clearCookies();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  page.on("dialog", (dialog) => void dialog.accept());
  await way.click();
  await choose(page, "viewer");
  await page.waitForURL(`**${path}/specification`);
  await alive(page);
  await isBack(page, "still.lab");
  await save(page, 2);
});
