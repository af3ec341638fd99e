// Accessibility of what is shown, by axe.

import AxeBuilder from "@axe-core/playwright";
import { expect, type Page } from "@playwright/test";

/**
 * Nothing serious or critical is found in the page as it is shown now; with `rules`
 * only these are asked, e.g. where nothing but colours has changed.
 */
export async function accessible(page: Page, what: string, rules?: string[]): Promise<void> {
  // Our pages hold no frames, so none is looked for.
  const axe = new AxeBuilder({ page }).setLegacyMode(true).options({ resultTypes: ["violations"] });
  const { violations } = await (rules ? axe.withRules(rules) : axe).analyze();
  const found = violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target, any }) => `${target.join(" ")} (${any[0]?.message ?? ""})`).join("; ")}`);
  expect(found, `axe on ${what}`).toEqual([]);
}
