import { defineConfig, devices } from "@playwright/test";
import { issuer, servers } from "./tests/support/servers";
import type { Options } from "./tests/support/test";

export default defineConfig<Options>({
  testDir: "tests",
  outputDir: "artefacts/runs",
  workers: 2,
  fullyParallel: true,
  timeout: 60_000,
  expect: { timeout: 15_000 },
  forbidOnly: true,
  // Writing a trace takes a third of the processor's time. What fails is run again
  // with one, and fails all the same when it passes then.
  retries: 1,
  failOnFlakyTests: true,
  reporter: [["list"]],
  use: {
    ...devices["Desktop Chrome"],
    viewport: { width: 1440, height: 900 },
    // Nothing is looked at while it is on its way from one colour to another.
    contextOptions: { reducedMotion: "reduce" },
    trace: "on-first-retry",
    screenshot: "only-on-failure",
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        // Each browser runs the WASM once and is gone: optimising it costs more than it saves.
        "--js-flags=--liftoff-only",
      ],
    },
  },
  projects: [
    { name: "set-up", testMatch: "set-up.ts", use: { identity: "embedded" } },
    // First, while nothing is there but the sample data: their pictures are of that.
    { name: "pages", dependencies: ["set-up"], testMatch: "pages.spec.ts", use: { identity: "embedded" } },
    {
      name: "embedded",
      dependencies: ["set-up"],
      testIgnore: ["set-up.ts", "pages.spec.ts"],
      use: { identity: "embedded" },
    },
    { name: "zitadel", testMatch: "main-job.spec.ts", use: { identity: "zitadel" } },
  ],
  webServer: [
    servers.embedded.webServer(),
    {
      name: "issuer",
      command: `exec node issuer/server.mjs --port ${issuer.port} --client-id ${issuer.client} --redirect ${servers.zitadel.address}/auth/callback`,
      url: `${issuer.address}/.well-known/openid-configuration`,
      timeout: 30_000,
      gracefulShutdown: { signal: "SIGTERM", timeout: 5_000 },
    },
    servers.zitadel.webServer(),
  ],
});
