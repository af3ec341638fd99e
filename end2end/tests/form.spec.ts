// The form beside the YAML writes into the same text, however quickly one change follows
// another.

import { editor, homelab, SPECIFICATION, stack, write } from "./support/steps";
import { expect, test } from "./support/test";

test.use({ as: "viewer" });

test("changes that follow each other at once all stand in the text", async ({ page }) => {
  await stack(page, await homelab(page, "In a hurry"), "core-services");
  const yaml = await editor(page);
  await page.getByLabel("Domain").fill("human.example");
  const add = page.getByRole("button", { name: "Add node" });
  await add.click();
  await add.click();
  const boxes = page.getByRole("group", { name: "Services" }).getByRole("checkbox");
  const free = await boxes.evaluateAll((all) =>
    all.flatMap((box, at) => ((box as HTMLInputElement).checked ? [] : [at])).slice(0, 2),
  );
  for (const at of free) await boxes.nth(at).check();
  await expect(yaml).toContainText("domain: human.example");
  await expect(page.getByLabel("Domain")).toHaveValue("human.example");
  await expect(yaml.getByText(/name: node-/)).toHaveCount(2);
  for (const at of free) await expect(boxes.nth(at)).toBeChecked();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByText("Saved as revision 1.")).toBeVisible();
  await page.reload();
  await expect(page.getByLabel("Domain")).toHaveValue("human.example");
  for (const at of free) await expect(boxes.nth(at)).toBeChecked();
});

test("a text that is no YAML takes nothing from the form, which says so", async ({ page }) => {
  await stack(page, await homelab(page, "Half a line"), "core-services");
  const domain = page.getByLabel("Domain");
  const word = page.getByText("The form is back once the YAML can be read.");
  await write(page, SPECIFICATION);
  await expect(domain).toHaveValue("test.lab");
  await expect(domain).toBeEnabled();
  for (const broken of [
    `${SPECIFICATION}foo: [\n`,
    `${SPECIFICATION}domain: twice.lab\n`,
    `${SPECIFICATION}alias: *nowhere\n`,
    "- a list\n",
  ]) {
    await write(page, broken);
    await expect(word).toBeVisible();
    await expect(domain).toBeDisabled();
    await expect(page.getByRole("button", { name: "Add node" })).toBeDisabled();
  }
  await write(page, SPECIFICATION.replace("test.lab", "again.lab"));
  await expect(domain).toHaveValue("again.lab");
  await expect(domain).toBeEnabled();
  await expect(word).toHaveCount(0);
});
