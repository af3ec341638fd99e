// What the sample data is called at this run's server.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DATA } from "./servers";

export type Facts = {
  /** Ids of the sample stacks. */
  stacks: { media: string; attic: string; core: string };
  /** Numbers of runs: one that was applied, one that waits. */
  runs: { applied: number; waiting: number };
  /** The local instance. */
  instance: string;
  /** Path of an invitation that nobody accepts. */
  invitation: string;
  /** Path of a homelab without a stack, of `member`. */
  empty: string;
  /** Path of a homelab that was never launched, of `member`. */
  asleep: string;
};

const FILE = join(DATA, "facts.json");

export const keep = (facts: Facts): void => writeFileSync(FILE, JSON.stringify(facts));
export const facts = (): Facts => JSON.parse(readFileSync(FILE, "utf8")) as Facts;
