import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "@playwright/test";

const port = Number(process.env.KOMBIFY_TEST_PORT ?? 4390);
const address = `http://127.0.0.1:${port}`;
const binary = process.env.KOMBIFY_BIN ?? "kombify";
const data = process.env.KOMBIFY_TEST_DATA ?? mkdtempSync(join(tmpdir(), "kombify-end2end-"));
// The workers read this file again: they must find the same folder.
process.env.KOMBIFY_TEST_DATA = data;

export default defineConfig({
  testDir: "tests",
  outputDir: "artefacts",
  workers: 1,
  timeout: 120_000,
  expect: { timeout: 20_000 },
  forbidOnly: true,
  reporter: [["list"]],
  use: {
    baseURL: address,
    trace: "on",
    screenshot: "on",
    viewport: { width: 1440, height: 860 },
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
      ],
    },
  },
  webServer: {
    command: `"${binary}" serve --dev --port ${port} --data-dir "${data}"`,
    env: {
      KOMBIFY_SERVER__SITE_ROOT: process.env.KOMBIFY_SITE_ROOT ?? "site",
      KOMBIFY_SECURITY__SIGN_INS_PER_MINUTE: "1000",
      KOMBIFY_LOG__FORMAT: "readable",
    },
    url: `${address}/health`,
    timeout: 60_000,
    stdout: "ignore",
    stderr: "pipe",
    gracefulShutdown: { signal: "SIGTERM", timeout: 15_000 },
  },
});
