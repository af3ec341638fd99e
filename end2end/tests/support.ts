import { expect, type Page } from "@playwright/test";

export type Account = "owner" | "member" | "viewer" | "operator";

/** Signs in with one of the development issuer's accounts. */
export async function signIn(page: Page, account: Account, returnTo = "/") {
  await page.goto(`/auth/sign-in?return_to=${encodeURIComponent(returnTo)}`);
  await page.getByRole("button", { name: `Sign in as ${account}` }).click();
  await page.waitForURL((url) => !url.pathname.startsWith("/dev/") && !url.pathname.startsWith("/auth/"));
}

/** Waits until the interface has come to life. */
export async function alive(page: Page) {
  await expect(page.locator("html[data-hydrated]")).toBeAttached();
}
