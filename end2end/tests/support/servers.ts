// The servers that the tests drive: where they are and how they are started.

import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Port of the first server; the others follow. */
const FIRST = Number(process.env.KOMBIFY_TEST_PORT ?? 4390);

/** Folder of everything that one run makes. The workers find the same one. */
export const DATA = (process.env.KOMBIFY_TEST_DATA ??= mkdtempSync(join(tmpdir(), "kombify-end2end-")));

/** The plans that come with kombify, but for one: few people make many homelabs here. */
function plans(): string {
  const own = readFileSync(join(import.meta.dirname, "../../../crates/domain/src/plans.toml"), "utf8");
  const file = join(DATA, "plans.toml");
  writeFileSync(file, own.replace(/^tenants_per_user.*\n/m, ""));
  return file;
}

const BINARY = process.env.KOMBIFY_BIN ?? "kombify";

/** Who signs people in: the development issuer inside, or a provider set up as Zitadel is. */
export type Identity = "embedded" | "zitadel";

/** One kombify. */
export class Server {
  readonly address: string;
  readonly folder: string;
  /** What it prints at its start, the set-up link among it. */
  readonly output: string;

  constructor(
    readonly name: string,
    readonly port: number,
    private readonly settings: Record<string, string>,
  ) {
    this.address = `http://127.0.0.1:${port}`;
    this.folder = join(DATA, name);
    this.output = join(DATA, `${name}.log`);
  }

  /** Program and arguments, without a shell. */
  command(): [string, string[]] {
    return [BINARY, ["serve", "--port", String(this.port), "--data-dir", this.folder]];
  }

  environment(): Record<string, string> {
    return {
      KOMBIFY_SERVER__GRACE_SECONDS: "3",
      KOMBIFY_SECURITY__SIGN_INS_PER_MINUTE: "1000",
      KOMBIFY_LOG__FORMAT: "readable",
      KOMBIFY_PLANS__FILE: plans(),
      ...this.settings,
    };
  }

  /** As Playwright starts it. */
  webServer() {
    const [program, args] = this.command();
    const words = [program, ...args].map((word) => `"${word}"`).join(" ");
    return {
      name: this.name,
      command: `exec ${words} > "${this.output}" 2>&1`,
      env: this.environment(),
      url: `${this.address}/health`,
      timeout: 60_000,
      gracefulShutdown: { signal: "SIGTERM" as const, timeout: 10_000 },
    };
  }
}

export const issuer = { port: FIRST + 2, address: `http://127.0.0.1:${FIRST + 2}`, client: "kombify" };

export const servers: Record<Identity, Server> = {
  embedded: new Server("embedded", FIRST, { KOMBIFY_SERVER__MODE: "development" }),
  zitadel: new Server("zitadel", FIRST + 1, {
    KOMBIFY_SERVER__MODE: "production",
    KOMBIFY_IDENTITY__ISSUER: issuer.address,
    KOMBIFY_IDENTITY__CLIENT_ID: issuer.client,
    // As in production, on PostgreSQL where the tests were given one.
    DATABASE_URL: process.env.KOMBIFY_TEST_POSTGRES_URL ?? "",
  }),
};

/** A server that a test stops and starts by itself. */
export const passing = new Server("passing", FIRST + 3, {
  KOMBIFY_SERVER__MODE: "development",
  KOMBIFY_SAMPLE__ENABLED: "false",
});
