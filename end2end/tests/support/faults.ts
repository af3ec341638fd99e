// What no page may do: write an error or a warning to the console (violations of
// the content security policy and failed hydration are such), throw, or ask for
// something that is not there.

import type { BrowserContext } from "@playwright/test";

export class Faults {
  private readonly seen: string[] = [];
  private readonly allowed: RegExp[] = [];

  /** Notes the faults of every page of a context. */
  watch(context: BrowserContext): void {
    context.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") {
        this.seen.push(`${message.type()}: ${message.text()} (${message.location().url})`);
      }
    });
    context.on("weberror", (error) => this.seen.push(`thrown: ${error.error().message}`));
    context.on("requestfailed", (request) => {
      const why = request.failure()?.errorText ?? "";
      // What was on its way when a page was left.
      if (why !== "net::ERR_ABORTED") this.seen.push(`failed: ${request.method()} ${request.url()} ${why}`);
    });
    context.on("response", (response) => {
      if (response.status() >= 400) this.seen.push(`answered ${response.status()}: ${response.url()}`);
    });
  }

  /** A fault that the test provokes. */
  allow(...patterns: RegExp[]): void {
    this.allowed.push(...patterns);
  }

  /** What nobody provoked. */
  unexpected(): string[] {
    return this.seen.filter((fault) => !this.allowed.some((pattern) => pattern.test(fault)));
  }
}
