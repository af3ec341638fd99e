// The test function of all specs: it knows the server under test and fails on any
// fault of a page.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { test as base, expect, type BrowserContext, type BrowserContextOptions } from "@playwright/test";
import { Faults } from "./faults";
import { DATA, servers, type Identity, type Server } from "./servers";

export { expect };

export const ACCOUNTS = ["owner", "member", "viewer", "operator"] as const;
export type Account = (typeof ACCOUNTS)[number];

export type Options = {
  /** Who signs people in at the server under test. */
  identity: Identity;
  /** Whose signed-in browser the test begins with. */
  as: Account | undefined;
};

type Fixtures = {
  server: Server;
  faults: Faults;
  /** Another browser, e.g. of a second person; watched like the first. */
  another: (options?: BrowserContextOptions & { as?: Account }) => Promise<BrowserContext>;
};

/** Where the signed-in browser of an account is kept. */
export const stateOf = (account: Account): string => join(DATA, `state-${account}.json`);

export const test = base.extend<Fixtures & Options>({
  identity: ["embedded", { option: true }],
  as: [undefined, { option: true }],
  server: async ({ identity }, use) => use(servers[identity]),
  baseURL: async ({ server }, use) => use(server.address),
  storageState: async ({ as: account }, use) => use(account && stateOf(account)),
  faults: [
    async ({ context }, use) => {
      const faults = new Faults();
      faults.watch(context);
      await use(faults);
      faults.leave(context);
      expect(faults.unexpected(), "console errors, violations and failed requests").toEqual([]);
    },
    { auto: true },
  ],
  another: async ({ browser, server, faults }, use) => {
    const made: BrowserContext[] = [];
    await use(async ({ as: account, ...options } = {}) => {
      const state = account && stateOf(account);
      if (state && !existsSync(state)) throw new Error(`Nobody signed in as ${account} beforehand.`);
      const context = await browser.newContext({ baseURL: server.address, storageState: state, ...options });
      faults.watch(context);
      made.push(context);
      return context;
    });
    await Promise.all(made.map((context) => context.close()));
  },
});

/**
 * The same, with one browser for each account for as long as a worker lives, so that
 * each page but the first finds its code in the cache. For tests that leave nothing.
 */
export const lookAt = test.extend<object, { kept: (account?: Account) => Promise<BrowserContext> }>({
  kept: [
    async ({ browser }, use) => {
      const made = new Map<Account | undefined, BrowserContext>();
      await use(async (account) => {
        const known = made.get(account);
        if (known) return known;
        const { contextOptions, viewport } = base.info().project.use;
        const options = { ...contextOptions, viewport, baseURL: servers.embedded.address };
        const context = await browser.newContext({ ...options, storageState: account && stateOf(account) });
        made.set(account, context);
        return context;
      });
      await Promise.all([...made.values()].map((context) => context.close()));
    },
    { scope: "worker" },
  ],
  context: async ({ kept, as: account }, use) => use(await kept(account)),
  page: async ({ context }, use) => {
    const page = await context.newPage();
    await use(page);
    await page.close();
  },
});
