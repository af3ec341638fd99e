// From signing in to a stack that was really checked by CUE, really applied and
// really destroyed; with either issuer.

import { accessible } from "./support/axe";
import { alive, approve, choose, holdLaunch, open, savePlan, setUpLink, SPECIFICATION, state, waits, write } from "./support/steps";
import { expect, test } from "./support/test";

test.use({ trace: "on" });

test("the main job: sign in, launch, specify, plan, approve, apply, destroy", async ({ page, identity, another, faults }) => {
  test.setTimeout(180_000);
  let pictures = 0;
  const step = (title: string, body: () => Promise<void>) =>
    test.step(title, async () => {
      await body();
      pictures += 1;
      const number = String(pictures).padStart(2, "0");
      await page.screenshot({ path: `artefacts/main-job/${identity}-${number}-${title.replaceAll(/[^a-z]+/g, "-")}.png` });
    });

  await step("sign in", async () => {
    await page.goto("/");
    await page.getByRole("link", { name: "Sign in" }).click();
    await choose(page, "owner");
  });

  await step("make a tenant", async () => {
    await open(page, "/tenants/new");
    await page.getByLabel("Name", { exact: true }).fill("Test lab");
    await page.getByRole("button", { name: "Create homelab" }).click();
    await page.waitForURL("**/tenant/test-lab");
    await alive(page);
  });

  await step("launch it and watch the steps", async () => {
    await holdLaunch(page);
    await page.getByRole("button", { name: "Launch homelab" }).first().click();
    await page.waitForURL(/\/launch\//);
    const steps = page.getByRole("region", { name: "Steps" }).getByRole("listitem");
    await expect(steps.last()).toContainText("done");
    await expect(steps).toContainText(["Check plan and membership", "Place on an instance", "Look at the instance", "Hand over"]);
    await page.reload();
    await page.waitForURL("**/tenant/test-lab");
    await alive(page);
    await expect(page.getByRole("heading", { name: "No stacks yet" })).toBeVisible();
  });

  await step("make a stack from the kit", async () => {
    await open(page, "/tenant/test-lab/stacks/new");
    await page.getByLabel("Name", { exact: true }).fill("core-services");
    await page.getByRole("button", { name: "Create the stack" }).click();
    await page.waitForURL(/\/stacks\/[0-9a-f-]{36}\/specification$/);
    await alive(page);
  });
  const stack = new URL(page.url()).pathname.replace(/\/specification$/, "");

  await step("read a problem at its line while typing", async () => {
    await write(page, SPECIFICATION.replace("10.20.0.11", "10.20.0.300"));
    const line = page.locator(".cm-line", { hasText: "10.20.0.300" });
    await expect(line).toHaveClass(/cm-wrong/);
    await expect(page.locator(".cm-line:has-text('10.20.0.300') + .cm-problem")).toContainText("not an IPv4 address");
    await expect(page.getByRole("button", { name: "Plan", exact: true })).toBeDisabled();
    await write(page, SPECIFICATION);
    await expect(page.locator(".cm-problem")).toHaveCount(0);
  });

  let apply = "";
  await step("save and plan", async () => {
    apply = await savePlan(page);
    await expect(page.getByRole("region", { name: "Resources" })).toContainText("one");
  });

  await step("approve exactly that plan and see it applied", async () => {
    await approve(page);
    await expect(state(page)).toHaveText("Applied", { timeout: 60_000 });
  });

  await step("the log survives a reload", async () => {
    const log = page.getByRole("region", { name: "Log" });
    await expect(log).toContainText("Apply complete");
    const before = await log.locator(".log-line").allTextContents();
    await page.reload();
    await alive(page);
    await expect(state(page)).toHaveText("Applied");
    await expect(log.locator(".log-line")).toHaveText(before);
  });

  await step("invite a second person, who joins by the link", async () => {
    await open(page, "/tenant/test-lab/members");
    await page.getByRole("button", { name: "Invite", exact: true }).click();
    await page.getByLabel("For whom").fill("Mika");
    await page.getByRole("button", { name: "Create link" }).click();
    const link = await page.locator(".secret").innerText();

    const second = await (await another()).newPage();
    await second.goto(link);
    await second.getByRole("link", { name: "Sign in to join" }).click();
    await choose(second, "member");
    await alive(second);
    await second.getByRole("button", { name: "Join Test lab" }).click();
    await second.waitForURL("**/tenant/test-lab");
    await expect(second.getByRole("heading", { name: "Test lab" })).toBeVisible();

    await page.reload();
    await expect(page.getByRole("cell", { name: "Mika Member" })).toBeVisible();

    faults.allow(/404.*\/invitations\//, /\/invitations\/.*404/);
    await second.goto(link);
    await expect(second.getByRole("alert")).toContainText("used");
  });

  await step("destroy what was made", async () => {
    await open(page, stack);
    await page.getByRole("button", { name: "Destroy", exact: true }).click();
    await page.getByRole("dialog").getByRole("textbox").fill("core-services");
    await page.getByRole("button", { name: "Plan the destruction" }).click();
    await page.waitForURL((url) => /\/runs\/\d+$/.test(url.pathname) && url.pathname !== apply);
    await waits(page);
    await approve(page);
    await expect(state(page)).toHaveText("Applied", { timeout: 60_000 });
    await open(page, "/tenant/test-lab/nodes");
    await expect(page.getByRole("heading", { name: "No nodes yet" })).toBeVisible();
  });

  await step("sign out, here and at the issuer", async () => {
    await page.getByText("Your account").locator("..").click();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.waitForURL("/");
    await expect(page.getByRole("link", { name: "Sign in" })).toBeVisible();
    await page.goto("/tenant/test-lab");
    // The issuer asks again who it is: its session has ended too.
    await expect(page.getByRole("button", { name: "Sign in as owner" })).toBeVisible();
  });
});

test("the first operator is made by the one-time link", async ({ page, server, faults }) => {
  faults.allow(/404.*\/setup\//, /\/setup\/.*404/);
  const link = setUpLink(server);
  await page.goto(link);
  await choose(page, "operator");
  await accessible(page, "the set-up page");
  await page.getByRole("button", { name: "Become the operator" }).click();
  await page.waitForURL("**/admin");
  await expect(page.getByRole("heading", { name: "Instances" })).toBeVisible();
  await page.goto(link);
  await expect(page.getByText("This set-up link does not work")).toBeVisible();
});
