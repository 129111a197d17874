import type { Page } from "@playwright/test";
import { expect, test } from "../support/test.ts";

const dialog = (page: Page) => page.getByRole("dialog", { name: "Clone an image" });

/** Opens the image's page and from there the dialog, and names the clone. */
async function askForClone(page: Page, source: string, name: string): Promise<void> {
  await page.goto(`/image/?spec=${encodeURIComponent(source)}`);
  await page.getByRole("button", { name: "Clone…" }).click();
  await dialog(page).getByLabel("Name of the clone").fill(name);
}

async function clone(page: Page): Promise<void> {
  await dialog(page).getByRole("button", { name: "Clone", exact: true }).click();
  await expect(dialog(page).getByText("is ready.")).toBeVisible();
}

test("a clone made in the dialog is there for rbd too, and hangs under its parent", async ({
  page,
  forester,
  witness,
}) => {
  const source = await forester.image("striped", "--stripe-unit", "64K", "--stripe-count", "4");
  await forester.show();
  const name = `${source.slice("vms/".length)}-clone`;

  await askForClone(page, source, name);
  await expect(
    dialog(page)
      .getByText(/Creates snapshot/)
      .first(),
  ).toBeVisible();
  await clone(page);

  const [parent, child] = await Promise.all([witness.info(source), witness.info(`vms/${name}`)]);
  expect(child.features).toEqual(expect.arrayContaining(parent.features));
  expect([child.size, child.order]).toEqual([parent.size, parent.order]);
  expect([child.stripe_unit, child.stripe_count]).toEqual([parent.stripe_unit, parent.stripe_count]);
  expect(child.parent).toMatchObject({ pool: "vms", image: source.slice("vms/".length) });
  expect(await witness.children(source)).toEqual([`vms/${name}`]);

  await dialog(page).getByRole("link", { name: "Show in lineage" }).click();
  await page
    .getByRole("radio", { name: "Tree" })
    .or(page.getByRole("button", { name: "Tree" }))
    .click();
  const tree = page.getByRole("treegrid", { name: "Forest of clones" });
  const rows = tree.getByRole("row", { name: new RegExp(source) });
  await expect(rows).toHaveCount(2);
  await expect(rows.nth(0)).toHaveAttribute("aria-level", "1");
  await expect(rows.nth(1)).toHaveAttribute("aria-level", "2");
  await expect(rows.nth(1)).toContainText(name);
});

test("an unchanged image cloned twice gets one snapshot", async ({ page, forester, witness }) => {
  const source = await forester.image("unchanged");
  await forester.show();
  const name = source.slice("vms/".length);

  await askForClone(page, source, `${name}-first`);
  await expect(
    dialog(page)
      .getByText(/Creates snapshot/)
      .first(),
  ).toBeVisible();
  await clone(page);
  const [snapshot] = await witness.snapshots(source);

  await askForClone(page, source, `${name}-second`);
  await expect(dialog(page).getByText(`Reuses snapshot ${snapshot}`).first()).toBeVisible();
  await clone(page);

  expect(await witness.snapshots(source)).toEqual([snapshot]);
  expect(await witness.children(source)).toEqual([`vms/${name}-first`, `vms/${name}-second`]);
});

test("an image whose older snapshots differ is cloned from the newest that does not", async ({
  page,
  forester,
  witness,
}) => {
  const source = await forester.image("changed");
  await forester.snapshot(source, "sunday");
  await forester.write(source);
  await forester.snapshot(source, "monday");
  await forester.show();
  const name = `${source.slice("vms/".length)}-clone`;

  await askForClone(page, source, name);
  await expect(dialog(page).getByText("Reuses snapshot monday").first()).toBeVisible();
  await clone(page);

  expect(await witness.snapshots(source)).toEqual(["sunday", "monday"]);
  expect((await witness.info(`vms/${name}`)).parent?.snapshot).toBe("monday");
});

test("a snapshot is cloned from its row", async ({ page, forester, witness }) => {
  const source = await forester.image("older");
  await forester.snapshot(source, "sunday");
  await forester.write(source);
  await forester.show();
  const name = `${source.slice("vms/".length)}-clone`;

  await page.goto(`/image/?spec=${encodeURIComponent(source)}&tab=snapshots`);
  await page.getByRole("button", { name: "Clone from snapshot sunday" }).click();
  await dialog(page).getByLabel("Name of the clone").fill(name);
  await clone(page);

  expect((await witness.info(`vms/${name}`)).parent?.snapshot).toBe("sunday");
  await dialog(page).getByRole("button", { name: "Close" }).first().click();
  await expect(page.getByRole("link", { name: new RegExp(name) }).first()).toBeVisible();
});

test("a name that is taken is refused before anything changes", async ({ page, forester, witness }) => {
  const source = await forester.image("refused");
  await forester.show();
  const name = source.slice("vms/".length);

  await askForClone(page, source, name);
  await expect(
    dialog(page)
      .getByText(/already|exists/)
      .first(),
  ).toBeVisible();
  await expect(dialog(page).getByRole("button", { name: "Clone", exact: true })).toBeDisabled();
  expect(await witness.snapshots(source)).toEqual([]);
});
