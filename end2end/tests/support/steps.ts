// What people do again and again.

import { readFileSync } from "node:fs";
import { expect, type BrowserContext, type Locator, type Page } from "@playwright/test";
import type { Server } from "./servers";
import type { Account } from "./test";

/** Signs in with one of the issuer's accounts; both issuers name them alike. */
export async function signIn(page: Page, account: Account, returnTo = "/"): Promise<void> {
  await page.goto(`/auth/sign-in?return_to=${encodeURIComponent(returnTo)}`);
  await choose(page, account);
}

/** Chooses an account at the issuer. */
export async function choose(page: Page, account: Account): Promise<void> {
  await page.getByRole("button", { name: `Sign in as ${account}` }).click();
  await page.waitForURL((url) => !/^\/(dev|auth|interaction|oauth)\//.test(url.pathname));
}

/** Waits until the page has come to life in the browser. */
export async function alive(page: Page): Promise<void> {
  const path = new URL(page.url()).pathname;
  await expect(page.locator("main[data-live]")).toHaveAttribute("data-live", path);
}

/** Opens an address and waits until the page lives. */
export async function open(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await alive(page);
}

/** The one-time link that a server prints while it has no operator. */
export function setUpLink(server: Server): string {
  const link = /http:\S+\/setup\/\S+/.exec(readFileSync(server.output, "utf8"))?.[0];
  if (!link) throw new Error(`${server.name} printed no set-up link`);
  return link;
}

/** Asks the server as a program with this browser's session would. */
async function ask<T>(page: Page, path: string, data: object): Promise<T> {
  const { origin } = new URL((await page.request.get("/health")).url());
  const answer = await page.request.post(path, { data, headers: { origin } });
  expect(answer.ok(), `${path} answers ${answer.status()}`).toBe(true);
  return (await answer.json()) as T;
}

/** Makes a homelab and launches it as a program would; its overview is open then. Answers its path. */
export async function homelab(page: Page, name: string): Promise<string> {
  const { slug } = await ask<{ slug: string }>(page, "/api/tenant", { name });
  const { id } = await ask<{ id: string }>(page, "/api/tenant/launch", { tenant: slug });
  // The live view ends with the launch.
  await page.request.get(`/api/tenant/launch/${id}/events`);
  const { redirect } = (await (await page.request.get(`/api/tenant/launch/${id}`)).json()) as { redirect: string };
  // The way in ends on the overview, in this browser.
  await page.goto(redirect);
  const path = `/tenant/${slug}`;
  await page.waitForURL(`**${path}`);
  await alive(page);
  return path;
}

/** Launches a homelab from its overview, which is open. */
export async function launch(page: Page, path: string): Promise<void> {
  // The launch's own page is soon gone; the hand-over is its last step.
  const handedOver = page.waitForResponse((answer) => new URL(answer.url()).pathname === "/sso/callback");
  await page.getByRole("button", { name: "Launch homelab" }).first().click();
  await handedOver;
  await page.waitForURL(`**${path}`);
  await expect(page.getByText(/Launch your homelab/)).toHaveCount(0);
  await alive(page);
}

/**
 * Lets the next launch stay on its page when it is done: the server's own answer, but
 * without the way on. Reading the page again goes on.
 */
export async function holdLaunch(page: Page): Promise<void> {
  await page.route(
    (url) => url.pathname === "/ui/launch",
    async (route) => {
      let answer = await route.fetch();
      let launch = (await answer.json()) as { ended: boolean };
      while (!launch.ended) {
        answer = await route.fetch();
        launch = (await answer.json()) as { ended: boolean };
      }
      await route.fulfill({ response: answer, json: { ...launch, redirect: null } });
    },
  );
}

/** Invites somebody to a homelab, who joins. */
export async function join(
  page: Page,
  path: string,
  account: Account,
  another: (options: { as: Account }) => Promise<BrowserContext>,
): Promise<void> {
  const { url } = await ask<{ url: string }>(page, `/api${path}/invitations`, { role: "member" });
  const { origin, pathname } = new URL(url);
  const guest = await another({ as: account });
  const form = { secret: pathname.split("/").pop()! };
  const joined = await guest.request.post("/ui/invitation/accept", { form, headers: { origin } });
  expect(joined.ok(), `to join ${path} is answered ${joined.status()}`).toBe(true);
}

/** Chooses a line of the palette. */
export async function find(page: Page, line: string | RegExp): Promise<void> {
  await page.keyboard.press("Control+K");
  await page.getByRole("option", { name: line }).click();
}

/** Makes a stack; its specification is open then. Answers the stack's path. */
export async function stack(page: Page, lab: string, name: string): Promise<string> {
  await open(page, `${lab}/stacks/new`);
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByRole("button", { name: "Create the stack" }).click();
  await page.waitForURL(/\/stacks\/[0-9a-f-]{36}\/specification$/);
  await alive(page);
  return new URL(page.url()).pathname.replace(/\/specification$/, "");
}

/** The YAML editor of an open specification, once it lives. */
export async function editor(page: Page): Promise<Locator> {
  const content = page.locator(".cm-content");
  await expect(content).toBeVisible();
  return content;
}

/** Writes a specification in place of what is there. */
export async function write(page: Page, yaml: string): Promise<void> {
  await (await editor(page)).click();
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText(yaml);
}

/** Saves what is written and plans it; the run is open then, with a plan that waits. */
export async function savePlan(page: Page): Promise<string> {
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByRole("button", { name: "Plan", exact: true })).toBeEnabled();
  await page.getByRole("button", { name: "Plan", exact: true }).click();
  await page.waitForURL(/\/runs\/\d+$/);
  await alive(page);
  await waits(page);
  return new URL(page.url()).pathname;
}

/** The plan of the open run waits for an approval. */
export async function waits(page: Page): Promise<void> {
  await expect(page.getByRole("button", { name: "Approve", exact: true })).toBeVisible({ timeout: 30_000 });
}

/** Approves the plan of the open run. */
export async function approve(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Approve", exact: true }).click();
  await page.getByRole("button", { name: "Approve and apply" }).click();
}

/** The state that the head of the open run names. */
export const state = (page: Page): Locator => page.locator(".pane-head .pill").first();

/** A specification that the kit accepts. */
export const SPECIFICATION = `kit: base-homelab
domain: test.lab
nodes:
  - name: one
    address: 10.20.0.11
    role: manager
services:
  dns: {}
`;
