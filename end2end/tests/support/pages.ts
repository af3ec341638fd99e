// Every page and every state of one that looks different: what the tests of
// accessibility and the pictures go through. `tests/pages.spec.ts` fails when a
// route of the application has no row.

import { expect, type Page } from "@playwright/test";
import type { Facts } from "./facts";
import { editor, holdLaunch, write } from "./steps";
import type { Account } from "./test";

export type Row = {
  /** The route as app/src/routes.rs has it; none for what is no route. */
  route?: string;
  /** The picture's name. */
  name: string;
  /** Who sees it. */
  as?: Account;
  /** Its address. */
  at: (facts: Facts) => string;
  /** What is done before it is looked at. */
  then?: (page: Page) => Promise<void>;
  /** What is done besides once the screen is narrow. */
  narrow?: (page: Page) => Promise<void>;
  /** Faults that this page has to have, such as an answer of 404. */
  faults?: RegExp[];
  /** A document of the server's own, which no script brings to life. */
  plain?: boolean;
};

const lab = (path: string) => () => `/tenant/nordhaus${path}`;
const press = (name: string | RegExp) => async (page: Page) => {
  await page.getByRole("button", { name, exact: true }).first().click();
  await expect(page.getByRole("dialog")).toBeVisible();
};
const palette = async (page: Page) => {
  await page.keyboard.press("Control+K");
  await expect(page.getByRole("option").first()).toBeVisible();
};
async function tenants(page: Page): Promise<void> {
  await page.getByText("Change the homelab").locator("..").click();
  await expect(page.getByRole("link", { name: "New homelab" })).toBeVisible();
}
const NOT_FOUND = [/404/];

export const PAGES: Row[] = [
  { route: "/", name: "sign-in", at: () => "/" },
  { route: "/kits", name: "kits-public", at: () => "/kits" },
  { route: "/tenants/new", name: "tenant-new", as: "owner", at: () => "/tenants/new" },
  { route: "/invitations/:secret", name: "invitation", at: (facts) => facts.invitation },
  { name: "invitation-signed-in", as: "operator", at: (facts) => facts.invitation },
  { route: "/launch/:id", name: "launch", as: "member", at: (facts) => facts.asleep, then: launchHeld },
  { route: "/problems/:code", name: "problem-plan-stale", at: () => "/problems/plan_stale" },
  { route: "/account/tokens", name: "tokens", as: "owner", at: () => "/account/tokens?tenant=nordhaus" },

  { route: "/tenant/:slug", name: "overview", as: "owner", at: lab("") },
  { route: "/tenant/:slug/stacks", name: "stacks", as: "owner", at: lab("/stacks") },
  { route: "/tenant/:slug/stacks/new", name: "stack-new", as: "owner", at: lab("/stacks/new") },
  { route: "/tenant/:slug/stacks/:id", name: "stack", as: "owner", at: (it) => `/tenant/nordhaus/stacks/${it.stacks.media}` },
  {
    route: "/tenant/:slug/stacks/:id/specification",
    name: "specification",
    as: "owner",
    at: (it) => `/tenant/nordhaus/stacks/${it.stacks.core}/specification`,
    then: async (page) => void (await editor(page)),
  },
  { route: "/tenant/:slug/nodes", name: "nodes", as: "owner", at: lab("/nodes") },
  { route: "/tenant/:slug/runs", name: "runs", as: "owner", at: lab("/runs") },
  { route: "/tenant/:slug/runs/:number", name: "run-waiting", as: "owner", at: (it) => `/tenant/nordhaus/runs/${it.runs.waiting}` },
  { route: "/tenant/:slug/kits", name: "kits", as: "owner", at: lab("/kits") },
  { route: "/tenant/:slug/kits/:name", name: "kit", as: "owner", at: lab("/kits/base-homelab") },
  {
    route: "/tenant/:slug/members",
    name: "members",
    as: "owner",
    at: lab("/members"),
    // Rooms are counted on pages that read none of them.
    then: async (page) => {
      await expect(page.getByRole("link", { name: /^Stacks ?\d+$/ })).toBeVisible();
      await expect(page.getByRole("link", { name: /^Nodes ?\d+$/ })).toBeVisible();
    },
  },
  { route: "/tenant/:slug/plan", name: "plan", as: "owner", at: lab("/plan") },
  { route: "/tenant/:slug/audit", name: "audit", as: "owner", at: lab("/audit") },

  { route: "/admin", name: "admin-overview", as: "operator", at: () => "/admin" },
  { route: "/admin/instances", name: "admin-instances", as: "operator", at: () => "/admin/instances" },
  { route: "/admin/instances/:id", name: "admin-instance", as: "operator", at: (it) => `/admin/instances/${it.instance}` },
  { route: "/admin/jobs", name: "admin-jobs", as: "operator", at: () => "/admin/jobs" },
  { route: "/admin/tenants", name: "admin-tenants", as: "operator", at: () => "/admin/tenants" },
  { route: "/admin/users", name: "admin-users", as: "operator", at: () => "/admin/users" },

  // The same pages in other states.
  { name: "stack-waiting", as: "owner", at: (it) => `/tenant/nordhaus/stacks/${it.stacks.core}` },
  {
    name: "stack-refused",
    as: "member",
    at: (it) => `/tenant/nordhaus/stacks/${it.stacks.attic}`,
    then: async (page) => {
      await expect(page.getByRole("note")).toContainText(/It stands in line \d+.*Mend it, then plan/);
    },
  },
  { name: "run-applied", as: "owner", at: (it) => `/tenant/nordhaus/runs/${it.runs.applied}` },
  {
    name: "specification-problem",
    as: "owner",
    at: (it) => `/tenant/nordhaus/stacks/${it.stacks.core}/specification`,
    then: async (page) => {
      const text = await (await editor(page)).innerText();
      await write(page, text.replace(/10\.(\d+)\.(\d+)\.(\d+)/, "10.20.0.300"));
      await expect(page.locator(".cm-problem")).toBeVisible();
    },
  },
  {
    name: "specification-read-only",
    as: "viewer",
    at: (it) => `/tenant/nordhaus/stacks/${it.stacks.core}/specification`,
    then: async (page) => void (await editor(page)),
  },
  { name: "overview-not-launched", as: "member", at: (it) => it.asleep },
  { name: "overview-empty", as: "member", at: (it) => it.empty },
  { name: "stacks-empty", as: "member", at: (it) => `${it.empty}/stacks` },
  { name: "nodes-empty", as: "member", at: (it) => `${it.empty}/nodes` },
  { name: "runs-empty", as: "member", at: (it) => `${it.empty}/runs` },
  { name: "members-alone", as: "member", at: (it) => `${it.empty}/members` },
  { name: "audit-refused", as: "viewer", at: lab("/audit"), faults: [/403/] },
  { name: "tenant-unknown", as: "owner", at: () => "/tenant/nobodys", faults: NOT_FOUND },
  { name: "page-unknown", at: () => "/no/such/page", faults: NOT_FOUND },

  // With something open above them.
  { name: "dialog-approve", as: "owner", at: (it) => `/tenant/nordhaus/runs/${it.runs.waiting}`, then: press("Approve") },
  { name: "dialog-discard", as: "owner", at: (it) => `/tenant/nordhaus/runs/${it.runs.waiting}`, then: press("Discard") },
  { name: "dialog-destroy", as: "owner", at: (it) => `/tenant/nordhaus/stacks/${it.stacks.media}`, then: press("Destroy") },
  { name: "dialog-remove", as: "owner", at: (it) => `/tenant/nordhaus/stacks/${it.stacks.attic}`, then: press("Remove") },
  { name: "dialog-invite", as: "owner", at: lab("/members"), then: press("Invite") },
  { name: "dialog-remove-member", as: "owner", at: lab("/members"), then: press("Remove") },
  { name: "dialog-register-instance", as: "operator", at: () => "/admin/instances", then: press("Register an instance") },
  { name: "dialog-organisation", as: "operator", at: () => "/admin/tenants", then: press("Bind") },
  { name: "dialog-operator", as: "operator", at: () => "/admin/users", then: press("Make operator") },
  { name: "palette", as: "owner", at: lab(""), then: palette },
  { name: "palette-operator", as: "operator", at: () => "/admin", then: palette },
  {
    name: "keys",
    as: "owner",
    at: lab("/stacks"),
    then: async (page) => {
      await page.keyboard.press("?");
      await expect(page.getByRole("dialog", { name: "Keys" })).toBeVisible();
    },
  },
  {
    name: "menu-tenants",
    as: "member",
    at: lab(""),
    then: tenants,
    narrow: async (page) => {
      await page.getByRole("button", { name: "Open the navigation" }).click();
      if (await page.getByRole("link", { name: "New homelab" }).isHidden()) await tenants(page);
    },
  },

  // The server's own documents.
  { name: "development-sign-in", at: () => "/auth/sign-in", plain: true },
  { name: "set-up-link-used", at: () => "/setup/used", plain: true, faults: NOT_FOUND },
];

/** A launch with its steps, all done. */
async function launchHeld(page: Page): Promise<void> {
  await holdLaunch(page);
  await page.getByRole("button", { name: "Launch homelab" }).first().click();
  await page.waitForURL(/\/launch\//);
  await expect(page.getByRole("region", { name: "Steps" }).getByRole("listitem").last()).toContainText("done");
}
