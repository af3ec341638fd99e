// The server stops while a page is open and comes back: the page says that it is
// not live and how old it is, loses nothing, and recovers by itself.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { homelab, open, signIn, SPECIFICATION, stack, write } from "./support/steps";
import { passing } from "./support/servers";
import { expect, test } from "./support/test";

test.use({ baseURL: passing.address });

async function start(): Promise<ChildProcess> {
  const [program, args] = passing.command();
  const child = spawn(program, args, { env: { ...process.env, ...passing.environment() }, stdio: "ignore" });
  await expect
    .poll(() => fetch(`${passing.address}/health`).then((answer) => answer.ok, () => false), { timeout: 60_000 })
    .toBe(true);
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
}

test("a page outlives its server", async ({ page, faults }) => {
  test.setTimeout(150_000);
  faults.allow(/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|Failed to fetch/);
  let server = await start();
  try {
    await signIn(page, "owner", "/tenants/new");
    const lab = await homelab(page, "Passing lab");
    await stack(page, lab, "core-services");
    await write(page, SPECIFICATION);
    await expect(page.getByText("Valid", { exact: true })).toBeVisible();
    const overview = await page.context().newPage();
    await open(overview, lab);
    const card = overview.getByRole("region", { name: /^Instance/ });
    // What was observed depends on this machine, such as its disk.
    const observed = card.locator(".pill", { hasText: /Healthy|Degraded/ });
    await expect(observed).toBeVisible({ timeout: 30_000 });

    await stop(server);
    await expect(card.getByText(/Not live, as of/)).toBeVisible();
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await expect(page.getByRole("alert")).toBeVisible();
    await expect(page.locator(".cm-content")).toContainText("test.lab");

    server = await start();
    await expect(card.getByText(/Not live/)).toHaveCount(0, { timeout: 30_000 });
    await expect(observed).toBeVisible({ timeout: 30_000 });
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await expect(page.getByText("Saved as revision 1.")).toBeVisible();
  } finally {
    await stop(server);
  }
});
