// What no page may do: write an error or a warning to the console (violations of
// the content security policy and failed hydration are such), throw, or ask for
// something that is not there.

import type { BrowserContext, ConsoleMessage, Request, Response, WebError } from "@playwright/test";

export class Faults {
  private readonly seen: string[] = [];
  private readonly allowed: RegExp[] = [];

  private readonly heard = {
    console: (message: ConsoleMessage) => {
      if (message.type() === "error" || message.type() === "warning") {
        this.seen.push(`${message.type()}: ${message.text()} (${message.location().url})`);
      }
    },
    weberror: (error: WebError) => void this.seen.push(`thrown: ${error.error().message}`),
    requestfailed: (request: Request) => {
      const why = request.failure()?.errorText ?? "";
      // What was on its way when a page was left.
      if (why !== "net::ERR_ABORTED") this.seen.push(`failed: ${request.method()} ${request.url()} ${why}`);
    },
    response: (response: Response) => {
      if (response.status() >= 400) this.seen.push(`answered ${response.status()}: ${response.url()}`);
    },
  };

  /** Notes the faults of every page of a context. */
  watch(context: BrowserContext): void {
    context.on("console", this.heard.console);
    context.on("weberror", this.heard.weberror);
    context.on("requestfailed", this.heard.requestfailed);
    context.on("response", this.heard.response);
  }

  /** Stops to, for contexts that outlive a test. */
  leave(context: BrowserContext): void {
    context.off("console", this.heard.console);
    context.off("weberror", this.heard.weberror);
    context.off("requestfailed", this.heard.requestfailed);
    context.off("response", this.heard.response);
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
