import type { Page } from "@playwright/test";
import { expect, expectAccessible, test } from "../support/test.ts";

const chain = (page: Page) => page.getByRole("grid", { name: "Snapshots, newest first" });
const row = (page: Page, name: string) => chain(page).getByRole("row", { name: new RegExp(name) });

async function openChain(page: Page, spec: string): Promise<void> {
  await page.goto(`/image/?spec=${encodeURIComponent(spec)}&tab=snapshots`);
  await expect(row(page, "Current state")).toBeVisible();
}

/** Opens the menu of a snapshot and chooses an action. */
async function choose(page: Page, snapshot: string, action: string): Promise<void> {
  await page.getByRole("button", { name: `More actions for snapshot ${snapshot}` }).click();
  await page.getByRole("menuitem", { name: action }).click();
}

test("a snapshot is created, protected, compared and rolled back to, and rbd agrees", async ({
  page,
  images,
  rbd,
}) => {
  const spec = await images.create("chain");
  await images.snapshot(spec, "sunday");
  await images.write(spec);
  await images.refresh();

  await openChain(page, spec);
  await page.getByRole("button", { name: "Create snapshot…" }).first().click();
  const create = page.getByRole("dialog", { name: "Create a snapshot" });
  await create.getByLabel("Name").fill("monday");
  await create.getByRole("button", { name: "Create snapshot" }).click();
  await expect(row(page, "monday")).toBeVisible();
  expect(await rbd.snapshots(spec)).toEqual(["sunday", "monday"]);

  // What rbd says each point holds.
  const du = JSON.parse(await rbd.run("du", "--format", "json", spec)) as {
    images: { snapshot?: string; used_size: number }[];
  };
  for (const name of ["sunday", "monday"]) {
    const used = du.images.find(({ snapshot }) => snapshot === name)?.used_size;
    await expect(row(page, name).locator("data").first()).toHaveAttribute("value", String(used));
  }

  await choose(page, "monday", "Protect");
  await expect(row(page, "monday")).toContainText("Protected");

  // By the keyboard: the two snapshots, and what changed between them.
  await row(page, "monday").focus();
  await page.keyboard.press("Space");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Space");
  const changed = page.getByRole("region", { name: "What changed" });
  const diff = JSON.parse(
    await rbd.run("diff", "--format", "json", "--from-snap", "sunday", `${spec}@monday`),
  ) as { length: number }[];
  const bytes = diff.reduce((sum, { length }) => sum + length, 0);
  await expect(changed.locator("data").first()).toHaveAttribute("value", String(bytes));
  await expect(changed.getByRole("img", { name: /Heat strip/ })).toBeVisible();
  await page.reload();
  await expect(changed.getByRole("img", { name: /Heat strip/ })).toBeVisible();
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await expectAccessible(page);
  }

  await choose(page, "sunday", "Roll back…");
  const rollback = page.getByRole("dialog", { name: "Roll back" });
  await expect(rollback.getByRole("img", { name: /Heat strip/ })).toBeVisible();
  await expectAccessible(page);
  await rollback.getByLabel("Name of that snapshot").fill("before");
  await rollback.getByRole("button", { name: "Roll back" }).click();
  await expect(page.getByText(/Roll .* back to sunday/)).toBeVisible();
  await expect(row(page, "before")).toBeVisible();
  await expect.poll(() => rbd.checksum(spec)).toBe(await rbd.checksum(`${spec}@sunday`));
  await expect.poll(() => rbd.snapshots(spec)).toEqual(["sunday", "monday", "before"]);
});
