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

test("a clone made in the dialog exists for rbd, too, and is a child of its parent", async ({
  page,
  images,
  rbd,
}) => {
  const source = await images.create("striped", "--stripe-unit", "64K", "--stripe-count", "4");
  await images.refresh();
  const name = `${source.slice("vms/".length)}-clone`;

  await askForClone(page, source, name);
  await expect(
    dialog(page)
      .getByText(/Creates snapshot/)
      .first(),
  ).toBeVisible();
  await clone(page);

  const [parent, child] = await Promise.all([rbd.info(source), rbd.info(`vms/${name}`)]);
  expect(child.features).toEqual(expect.arrayContaining(parent.features));
  expect([child.size, child.order]).toEqual([parent.size, parent.order]);
  expect([child.stripe_unit, child.stripe_count]).toEqual([parent.stripe_unit, parent.stripe_count]);
  expect(child.parent).toMatchObject({ pool: "vms", image: source.slice("vms/".length) });
  expect(await rbd.children(source)).toEqual([`vms/${name}`]);

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

test("an unchanged image that is cloned twice gets one snapshot", async ({ page, images, rbd }) => {
  const source = await images.create("unchanged");
  await images.refresh();
  const name = source.slice("vms/".length);

  await askForClone(page, source, `${name}-first`);
  await expect(
    dialog(page)
      .getByText(/Creates snapshot/)
      .first(),
  ).toBeVisible();
  await clone(page);
  const [snapshot] = await rbd.snapshots(source);

  await askForClone(page, source, `${name}-second`);
  await expect(dialog(page).getByText(`Reuses snapshot ${snapshot}`).first()).toBeVisible();
  await clone(page);

  expect(await rbd.snapshots(source)).toEqual([snapshot]);
  expect(await rbd.children(source)).toEqual([`vms/${name}-first`, `vms/${name}-second`]);
});

test("an image is cloned from the newest snapshot when that equals its current state", async ({
  page,
  images,
  rbd,
}) => {
  const source = await images.create("changed");
  await images.snapshot(source, "sunday");
  await images.write(source);
  await images.snapshot(source, "monday");
  await images.refresh();
  const name = `${source.slice("vms/".length)}-clone`;

  await askForClone(page, source, name);
  await expect(dialog(page).getByText("Reuses snapshot monday").first()).toBeVisible();
  await clone(page);

  expect(await rbd.snapshots(source)).toEqual(["sunday", "monday"]);
  expect((await rbd.info(`vms/${name}`)).parent?.snapshot).toBe("monday");
});

test("the row of a snapshot clones the snapshot", async ({ page, images, rbd }) => {
  const source = await images.create("older");
  await images.snapshot(source, "sunday");
  await images.write(source);
  await images.refresh();
  const name = `${source.slice("vms/".length)}-clone`;

  await page.goto(`/image/?spec=${encodeURIComponent(source)}&tab=snapshots`);
  await page.getByRole("button", { name: "Clone from snapshot sunday" }).click();
  await dialog(page).getByLabel("Name of the clone").fill(name);
  await clone(page);

  expect((await rbd.info(`vms/${name}`)).parent?.snapshot).toBe("sunday");
  await dialog(page).getByRole("button", { name: "Close" }).first().click();
  await expect(page.getByRole("link", { name: new RegExp(name) }).first()).toBeVisible();
});

test("a name that is in use is refused before anything changes", async ({ page, images, rbd }) => {
  const source = await images.create("refused");
  await images.refresh();
  const name = source.slice("vms/".length);

  await askForClone(page, source, name);
  await expect(
    dialog(page)
      .getByText(/already|exists/)
      .first(),
  ).toBeVisible();
  await expect(dialog(page).getByRole("button", { name: "Clone", exact: true })).toBeDisabled();
  expect(await rbd.snapshots(source)).toEqual([]);
});
