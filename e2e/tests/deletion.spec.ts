import type { Page } from "@playwright/test";
import { expect, expectAccessible, test } from "../support/test.ts";

async function openAction(page: Page, spec: string, action: string): Promise<void> {
  await page.goto(`/image/?spec=${encodeURIComponent(spec)}`);
  await page.getByRole("button", { name: "More actions", exact: true }).click();
  await page.getByRole("menuitem", { name: action }).click();
}

test("an image with a clone is deleted step by step by the plan that was shown, and the clone keeps its data", async ({
  page,
  images,
  rbd,
}) => {
  const parent = await images.create("doomed");
  const clone = `${parent}-clone`;
  await images.snapshot(parent, "base");
  await rbd.run("snap", "protect", `${parent}@base`);
  await rbd.run("clone", `${parent}@base`, clone);
  const content = await rbd.checksum(clone);
  await images.refresh();

  await openAction(page, parent, "Delete image…");
  const dialog = page.getByRole("dialog", { name: "Delete image" });
  await dialog.getByRole("radio", { name: /Delete for good/ }).check();
  const steps = dialog.getByRole("list", { name: "Steps" });
  await expect(steps.getByRole("listitem")).toHaveText([
    new RegExp(`Flatten ${clone}`),
    /Move it to the trash/,
    /Unprotect the snapshot base/,
    /Remove the snapshot base/,
    /Remove it from the trash/,
  ]);
  await expect(dialog.getByText(/is a clone of the snapshot base/)).toBeVisible();
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await expectAccessible(page);
  }

  // Meanwhile another clone is made: the plan that was shown is refused, and the new one is shown.
  await rbd.run("clone", `${parent}@base`, `${clone}-2`);
  const start = dialog.getByRole("button", { name: "Delete for good" });
  await expect(start).toBeDisabled();
  await dialog.getByLabel(/Type .* to confirm/).fill(parent.slice("vms/".length));
  await start.click();
  await expect(dialog.getByText(/has changed since the plan was made/)).toBeVisible();
  await expect(steps.getByRole("listitem")).toHaveCount(6);

  await start.click();
  await expect(dialog.getByText("Succeeded", { exact: true })).toBeVisible();
  await expect(steps.getByRole("img", { name: "Done:" })).toHaveCount(6);
  const left = (await rbd.run("ls", "vms")).split("\n");
  expect(left).not.toContain(parent.slice("vms/".length));
  expect(await rbd.run("trash", "ls", "vms")).not.toContain(parent.slice("vms/".length));
  expect(await rbd.checksum(clone)).toBe(content);
});

test("an image is moved to the trash, brought back by Undo, and restored under another name", async ({
  page,
  images,
  rbd,
}) => {
  const spec = await images.create("binned");
  const name = spec.slice("vms/".length);
  const names = async () => (await rbd.run("ls", "vms")).split("\n");
  await images.refresh();

  const move = async () => {
    await openAction(page, spec, "Move to trash…");
    await page
      .getByRole("dialog", { name: "Move to trash" })
      .getByRole("button", { name: "Move to trash" })
      .click();
  };
  await move();
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.getByText(`Restore ${spec} from the trash`)).toBeVisible();
  await expect.poll(names).toContain(name);

  await move();
  await expect(page.getByRole("button", { name: "Undo" })).toBeVisible();
  await page.goto(`/trash/?q=${name}`);
  await page.getByRole("button", { name: `Restore ${spec}` }).waitFor();
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await expectAccessible(page);
  }
  await page.getByRole("button", { name: `Restore ${spec}` }).click();
  const restore = page.getByRole("dialog", { name: "Restore from the trash" });
  await restore.getByLabel("Name").fill(`${name}-back`);
  await restore.getByRole("button", { name: "Restore" }).click();
  await expect(page.getByText("No matching images")).toBeVisible();
  expect(await names()).toContain(`${name}-back`);
});
