// An invitation: its dialog opens when it is asked for and shows its link once, to whoever
// can take it along.

import type { Page } from "@playwright/test";
import { find, homelab, open } from "./support/steps";
import { expect, test } from "./support/test";

/** Makes an invitation in a homelab of this test; its link is shown then. */
async function invite(page: Page, name: string): Promise<void> {
  await open(page, `${await homelab(page, name)}/members`);
  await page.getByRole("button", { name: "Invite", exact: true }).click();
  await page.getByRole("button", { name: "Create link" }).click();
  await expect(page.locator(".secret")).toBeVisible();
}

test.describe(() => {
  test.use({ as: "viewer" });

  test("the palette opens it from anywhere and each time, and nothing else does", async ({ page }) => {
    const lab = await homelab(page, "Guests");
    const dialog = page.getByRole("dialog", { name: "Invite to Guests" });
    const note = dialog.getByLabel("For whom");
    await find(page, /^Invite a member/);
    await expect(dialog).toBeVisible();
    await expect(page).toHaveURL(new RegExp(`${lab}/members$`));
    await note.fill("Nora");
    await dialog.getByRole("radio", { name: /^admin/i }).check();
    await dialog.getByRole("button", { name: "Create link" }).click();
    await expect(dialog.locator(".secret")).toBeVisible();
    // Nothing else is left to press, or it would make a second one.
    await expect(dialog.getByRole("button", { name: "Create link" })).toHaveCount(0);
    await expect(dialog.getByRole("button", { name: "Cancel" })).toHaveCount(0);
    await expect(note).toBeDisabled();
    await expect(dialog.getByRole("button", { name: "Done" })).toBeFocused();
    await dialog.getByRole("button", { name: "Done" }).click();

    await page.getByRole("listitem").filter({ hasText: "Nora" }).getByRole("button", { name: "Revoke" }).click();
    await expect(page.getByText("The invitation was revoked")).toBeVisible();
    await expect(page.getByRole("heading", { name: "Pending invitations" })).toHaveCount(0);
    await expect(dialog).toHaveCount(0);

    await find(page, /^Invite a member/);
    await expect(dialog).toBeVisible();
    await expect(page.locator(".secret")).toHaveCount(0);
    await expect(note).toBeEnabled();
    await expect(note).toHaveValue("");
    await expect(dialog.getByRole("radio", { name: /^member/i })).toBeChecked();
  });

  test("an answer that comes after its dialog was closed is in the list and nowhere else", async ({ page }) => {
    await open(page, `${await homelab(page, "Too late")}/members`);
    let answer: () => void = () => {};
    const held = new Promise<void>((resolve) => (answer = resolve));
    await page.route("**/ui/invitation/create", async (route) => {
      await held;
      await route.continue();
    });
    await page.getByRole("button", { name: "Invite", exact: true }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("For whom").fill("Nora");
    await dialog.getByRole("button", { name: "Create link" }).click();
    await page.keyboard.press("Escape");
    await expect(dialog).toHaveCount(0);
    answer();
    await expect(page.getByRole("listitem").filter({ hasText: "Nora" })).toBeVisible();
    await page.getByRole("button", { name: "Invite", exact: true }).click();
    await expect(dialog).toBeVisible();
    await expect(page.locator(".secret")).toHaveCount(0);
  });

  test("what nobody answers stays typed", async ({ page, faults }) => {
    faults.allow(/ERR_FAILED|Failed to fetch/);
    await open(page, `${await homelab(page, "Unanswered")}/members`);
    await page.getByRole("button", { name: "Invite", exact: true }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("For whom").fill("Nora");
    await page.route("**/ui/**", (route) => route.abort());
    await dialog.getByRole("button", { name: "Create link" }).click();
    await expect(dialog.getByRole("alert")).toBeVisible();
    await expect(dialog.getByLabel("For whom")).toHaveValue("Nora");
    await page.unroute("**/ui/**");
    await dialog.getByRole("button", { name: "Create link" }).click();
    await expect(dialog.locator(".secret")).toBeVisible();
  });

  test("its link tells whoever belongs there already so", async ({ page }) => {
    await invite(page, "Own place");
    const link = await page.locator(".secret").innerText();
    await page.goto(link);
    await expect(page.getByRole("heading", { name: "You belong to Own place already" })).toBeVisible();
    await page.getByRole("link", { name: "Open Own place" }).click();
    await page.waitForURL("**/tenant/own-place");
  });

  test("its link is copied when the browser says so, not before", async ({ page }) => {
    await page.addInitScript(() => {
      const writeText = () => new Promise<void>((resolve) => document.addEventListener("written", () => resolve(), { once: true }));
      Object.defineProperty(navigator, "clipboard", { value: { writeText } });
    });
    await invite(page, "Copied");
    const copy = page.getByRole("dialog").getByRole("button", { name: /^Cop/ });
    await copy.click();
    await expect(copy).toHaveText("Copy");
    await page.evaluate(() => document.dispatchEvent(new Event("written")));
    await expect(copy).toHaveText("Copied");
  });

  for (const may of ["has no clipboard", "lets nobody write to it"]) {
    test(`its link is selected where the browser ${may}`, async ({ page }) => {
      await page.addInitScript((none) => {
        const writeText = () => Promise.reject(new DOMException("denied", "NotAllowedError"));
        Object.defineProperty(navigator, "clipboard", { value: none ? undefined : { writeText } });
      }, may === "has no clipboard");
      await invite(page, `The browser ${may}`);
      await page.getByRole("button", { name: "Copy", exact: true }).click();
      await expect(page.getByRole("button", { name: "Press Ctrl-C" })).toBeVisible();
      const link = await page.locator(".secret").innerText();
      expect(await page.evaluate(() => getSelection()?.toString())).toBe(link);
    });
  }
});

test.describe(() => {
  test.use({ as: "owner", javaScriptEnabled: false });

  test("without scripts none is made whose link nobody would see", async ({ page, faults }) => {
    // What a browser without scripts says of them.
    faults.allow(/\/pkg\/\S+\.js csp$/);
    await page.goto("/tenant/nordhaus/members");
    await page.getByRole("button", { name: "Invite", exact: true }).click();
    const dialog = page.getByRole("dialog");
    await expect(dialog.getByText("The link can be shown only with scripts switched on.")).toBeVisible();
    await expect(dialog.getByRole("button", { name: "Create link" })).toHaveCount(0);
  });
});
