// The form beside the YAML writes into the same text, however quickly one change follows
// another.

import { editor, homelab, stack } from "./support/steps";
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
