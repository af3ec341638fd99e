// Before the specs: who signs in where, and what the sample data is called.

import type { Page } from "@playwright/test";
import { keep } from "./support/facts";
import { alive, homelab, launch, open, signIn } from "./support/steps";
import { expect, stateOf, test } from "./support/test";

const LAB = "/tenant/nordhaus";

async function read<T>(page: Page, path: string): Promise<T> {
  const answer = await page.request.get(path);
  expect(answer.ok(), `${path} answers ${answer.status()}`).toBe(true);
  return (await answer.json()) as T;
}

test("sign everybody in and read the sample data", async ({ page, another }) => {
  test.setTimeout(150_000);
  await signIn(page, "owner");
  // The sample data is made once the local instance has been seen healthy.
  await expect(async () => {
    await page.goto(LAB);
    await expect(page.getByRole("heading", { name: "Nordhaus lab" })).toBeVisible({ timeout: 1_000 });
  }).toPass({ timeout: 60_000 });
  await alive(page);
  await launch(page, LAB);
  await expect(async () => {
    await page.goto(LAB);
    await expect(page.getByRole("link", { name: "Review the plan" })).toBeVisible({ timeout: 1_000 });
  }).toPass({ timeout: 60_000 });

  const stacks = await read<{ id: string; name: string }[]>(page, `${LAB}/v1/stacks`);
  const runs = await read<{ number: number; state: string }[]>(page, `${LAB}/v1/runs`);
  const stack = (name: string) => stacks.find((one) => one.name === name)!.id;
  const run = (state: string) => runs.find((one) => one.state === state)!.number;

  await open(page, `${LAB}/members`);
  await page.getByRole("button", { name: "Invite", exact: true }).click();
  await page.getByLabel("For whom").fill("Nora, for the rack");
  await page.getByRole("button", { name: "Create link" }).click();
  const link = await page.locator(".secret").innerText();

  await open(page, "/account/tokens?tenant=nordhaus");
  await page.getByLabel("Name", { exact: true }).fill("nightly plans");
  await page.getByRole("button", { name: "Create token" }).click();
  await expect(page.locator(".secret")).toBeVisible();
  await page.context().storageState({ path: stateOf("owner") });

  const member = await (await another()).newPage();
  await signIn(member, "member");
  await open(member, LAB);
  await launch(member, LAB);
  const empty = await homelab(member, "Garden shed");
  await open(member, "/tenants/new");
  await member.getByLabel("Name", { exact: true }).fill("Cellar");
  await member.getByRole("button", { name: "Create homelab" }).click();
  await member.waitForURL("**/tenant/cellar");
  await member.context().storageState({ path: stateOf("member") });

  const viewer = await (await another()).newPage();
  await signIn(viewer, "viewer");
  await open(viewer, LAB);
  await launch(viewer, LAB);
  await viewer.context().storageState({ path: stateOf("viewer") });

  const operator = await (await another()).newPage();
  await signIn(operator, "operator", "/admin");
  await operator.context().storageState({ path: stateOf("operator") });
  const instances = await read<{ id: string }[]>(operator, "/api/admin/instances");
  // One that does not answer, so that something needs attention.
  await open(operator, "/admin/instances");
  await operator.getByRole("button", { name: "Register an instance" }).click();
  await operator.getByLabel("Name", { exact: true }).fill("eu-north-1");
  await operator.getByLabel("Region").fill("Stockholm");
  await operator.getByLabel("Internal address").fill("http://127.0.0.1:9");
  await operator.getByRole("button", { name: "Register", exact: true }).click();
  await operator.waitForURL(/\/admin\/instances\/[0-9a-f-]{36}$/);

  keep({
    stacks: { media: stack("media"), attic: stack("attic"), core: stack("core-services") },
    runs: { applied: run("applied"), waiting: run("waiting") },
    instance: instances[0]!.id,
    invitation: new URL(link).pathname,
    empty,
    asleep: "/tenant/cellar",
  });
});
