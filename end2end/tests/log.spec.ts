// The log of a run that has ended: the page shows all of it, and the download is the
// server's own file.

import { readFile } from "node:fs/promises";
import type { Page } from "@playwright/test";
import { facts } from "./support/facts";
import { alive, open } from "./support/steps";
import { expect, test } from "./support/test";

const RUNS = "/tenant/nordhaus/runs";
/** What one read answers at most. */
const PAGE = 1_000;

const lines = (page: Page) => page.getByRole("region", { name: "Log" }).locator(".log-line");

/** Downloads the log of the open run and answers its text. */
async function download(page: Page, number: number): Promise<string> {
  const started = page.waitForEvent("download");
  await page.getByRole("link", { name: "Download the whole log" }).click();
  const file = await started;
  expect(file.suggestedFilename()).toBe(`run-${number}.log`);
  return readFile(await file.path(), "utf8");
}

/** Answers as if the log had so many lines. */
async function pretend(page: Page, many: number): Promise<void> {
  await page.route(
    (url) => url.pathname === "/ui/run/log",
    (route) => {
      const after = Number(new URL(route.request().url()).searchParams.get("after"));
      const json = Array.from({ length: Math.max(0, Math.min(PAGE, many - after)) }, (_, at) => ({
        number: after + at + 1,
        at: "2026-11-01T08:00:00Z",
        level: "info",
        source: "",
        line: `line ${after + at + 1} of ${many}`,
      }));
      return route.fulfill({ json });
    },
  );
}

/** Follows the link to the run that was applied. */
async function follow(page: Page): Promise<void> {
  await open(page, RUNS);
  await page.locator(`main a[href$="/runs/${facts().runs.applied}"]`).click();
  await page.waitForURL(`**${RUNS}/${facts().runs.applied}`);
  await alive(page);
}

test.describe(() => {
  test.use({ as: "owner" });

  test("all lines of an ended run are shown, however many one read answers", async ({ page }) => {
    await pretend(page, 1_500);
    await follow(page);
    await expect(lines(page)).toHaveCount(1_500, { timeout: 30_000 });
    await expect(lines(page).first()).toContainText("line 1 of 1500");
    await expect(lines(page).last()).toContainText("line 1500 of 1500");
    await expect(page.getByText(/are in the download/)).toHaveCount(0);
  });

  test("what a page does not hold it says, and where it is", async ({ page }) => {
    await pretend(page, 3_000);
    await follow(page);
    await expect(lines(page).last()).toContainText("line 3000 of 3000");
    await expect(page.getByText("The lines before 1001 are in the download.")).toBeVisible();
  });

  test("the download is what the server keeps", async ({ page }) => {
    const number = facts().runs.applied;
    await open(page, `${RUNS}/${number}`);
    const text = await download(page, number);
    const shown = await lines(page).locator(".log-text").allTextContents();
    expect(shown.length).toBeGreaterThan(0);
    for (const line of shown) expect(text).toContain(line);
  });
});

test.describe(() => {
  test.use({ as: "owner", javaScriptEnabled: false });

  test("the log is downloaded without scripts too", async ({ page, faults }) => {
    // What a browser without scripts says of them.
    faults.allow(/\/pkg\/\S+\.js csp$/);
    const number = facts().runs.applied;
    await page.goto(`${RUNS}/${number}`);
    expect(await download(page, number)).toContain("Apply complete");
  });
});
