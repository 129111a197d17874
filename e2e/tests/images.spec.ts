import { expect, test } from "../support/test.ts";

test("the server filters and sorts the table, and the URL keeps both", async ({ page }) => {
  await page.goto("/images/");
  const table = page.getByRole("grid");
  await page.getByRole("searchbox", { name: "Filter by name" }).fill("golden");
  await expect(table.getByRole("rowheader")).toHaveText([/golden-db/, /golden-web/]);
  await expect(page).toHaveURL(/q=golden/);

  await table.getByRole("columnheader", { name: "Clones" }).getByRole("button").click();
  await expect(page).toHaveURL(/sort/);
  const sorted = await table.getByRole("rowheader").allTextContents();

  await page.reload();
  await expect(table.getByRole("rowheader")).toHaveText(sorted.map((text) => new RegExp(text)));

  await page.getByRole("searchbox", { name: "Filter by name" }).fill("no such image");
  await expect(table.getByRole("rowheader")).toHaveCount(0);
  await page.getByRole("button", { name: /clear/i }).first().click();
  await expect(table.getByRole("rowheader", { name: /debian-13/ })).toBeVisible();
});

test("a damaged image is a row with its error, and the other images remain", async ({
  page,
  images,
  rbd,
}) => {
  const spec = await images.create("broken");
  const { id } = await rbd.info(spec);
  await images.breakHeader("vms", id);
  await images.refresh();

  await page.goto("/images/?q=broken");
  await expect(page.getByRole("row", { name: new RegExp(spec.slice("vms/".length)) })).toContainText(
    /could not|cannot|error|damaged|not there|unreadable/i,
  );
  await page.goto("/images/?q=debian");
  await expect(page.getByRole("rowheader", { name: /debian-13/ })).toBeVisible();
});

test("the keyboard alone goes from the table to an image and to its clone dialog", async ({ page }) => {
  await page.goto("/images/?q=web-1");
  const row = page.getByRole("row", { name: /web-1/ }).first();
  await expect(row).toBeVisible();
  await row.focus();
  await page.keyboard.press("c");
  const dialog = page.getByRole("dialog", { name: "Clone an image" });
  await expect(dialog).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await expect(row).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/image\/\?cluster=ceph&spec=vms(%2F|\/)web-1/);
  await expect(page.getByRole("heading", { level: 1, name: /web-1/ })).toBeVisible();
});

test("a link in the table opens the image, and Back returns to its row", async ({ page }) => {
  // Of the whole table only the rows in view are drawn, and other tests leave images.
  await page.goto("/images/?pool=images");
  await page.getByRole("link", { name: "windows-2025" }).click();
  await expect(page.getByRole("heading", { level: 1, name: /windows-2025/ })).toBeVisible();
  await page.goBack();
  await expect(page).toHaveURL(/row=ceph/);
  await expect(page.getByRole("row", { name: /^windows-2025/ })).toBeFocused();
});
