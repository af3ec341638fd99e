// What a run's page offers: only what the server does, and every refusal with its reason.

import type { Page } from "@playwright/test";
import { facts } from "./support/facts";
import { alive, homelab, open, savePlan, SPECIFICATION, stack, state, write } from "./support/steps";
import { expect, test } from "./support/test";

test.describe(() => {
  test.use({ as: "viewer" });

  test("a plan that cannot be made again says why, with scripts and without", async ({ page, another, faults }) => {
    // The refusal, and what a browser without scripts says of them.
    faults.allow(/422/, /\/pkg\/\S+\.js csp$/);
    const path = await stack(page, await homelab(page, "Once more"), "core-services");
    await write(page, SPECIFICATION);
    const run = await savePlan(page);
    await open(page, `${path}/specification`);
    await write(page, SPECIFICATION.replace("10.20.0.11", "10.20.0.300"));
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await expect(page.getByText("Saved as revision 2.")).toBeVisible();

    const plain = await (await another({ storageState: await page.context().storageState(), javaScriptEnabled: false })).newPage();
    for (const [tab, go] of [
      [page, open],
      [plain, (tab: Page, at: string) => tab.goto(at)],
    ] as const) {
      await go(tab, run);
      await expect(state(tab)).toHaveText("Stale");
      await tab.getByRole("button", { name: "Plan again" }).click();
      await expect(tab.locator(".pane-head").getByRole("alert")).toContainText("Revision 2 has 1 problem.");
      expect(new URL(tab.url()).pathname).toBe(run);
    }
  });

  test("the question before a stack is removed counts all of its runs", async ({ page, faults }) => {
    // A worker may have ended a run before it was cancelled.
    faults.allow(/409/);
    const path = await stack(page, await homelab(page, "Many runs"), "core-services");
    await write(page, SPECIFICATION);
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await expect(page.getByText("Saved as revision 1.")).toBeVisible();
    const api = path.replace("/stacks/", "/v1/stacks/");
    await page.evaluate(
      async ({ stack, runs }) => {
        const send = (at: string, body: object) =>
          fetch(at, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
        for (let at = 0; at < 21; at += 1) {
          const made = (await (await send(`${stack}/runs`, { kind: "apply" })).json()) as { run: { number: number } };
          await send(`${runs}/${made.run.number}/cancel`, { force: true });
        }
      },
      { stack: api, runs: api.replace(/\/stacks\/.*/, "/runs") },
    );
    await open(page, path);
    await page.getByRole("button", { name: "Remove", exact: true }).click();
    await expect(page.getByRole("dialog")).toContainText("Its specification and 21 runs with all logs.");
  });
});

// Whoever may cancel a run is offered to, and nobody else. The run is one that waits;
// here it answers as if it were applied just now.
for (const [account, offered] of [
  ["owner", 1],
  ["member", 0],
] as const) {
  test.describe(() => {
    test.use({ as: account });

    test(`${account} is ${offered ? "offered" : "not offered"} to cancel somebody else's run`, async ({ page, faults }) => {
      faults.allow(/ERR_FAILED/);
      const number = facts().runs.waiting;
      await page.route(/\/runs\/\d+\/events/, (route) => route.abort());
      await page.route(
        (url) => url.pathname === "/ui/run",
        async (route) => {
          const answer = await route.fetch();
          const seen = (await answer.json()) as { run: { state: string } };
          seen.run.state = "applying";
          await route.fulfill({ response: answer, json: seen });
        },
      );
      await open(page, "/tenant/nordhaus/runs");
      await page.locator(`main a[href$="/runs/${number}"]`).click();
      await page.waitForURL(`**/runs/${number}`);
      await alive(page);
      await expect(state(page)).toContainText("Applying");
      await expect(page.locator(".pane-head .actions").getByRole("button", { name: "Cancel" })).toHaveCount(offered);
    });
  });
}
