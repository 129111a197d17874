import { expect, test } from "../support/test.ts";

test("the arrow keys move through the tree, and both views share the selected image", async ({ page }) => {
  await page.goto("/lineage/?view=tree&focus=images%2Fgolden-web");
  const tree = page.getByRole("treegrid", { name: "Forest of clones" });
  const selected = tree.locator('[role="row"][aria-selected="true"]');
  await expect(selected).toContainText("golden-web");
  await selected.focus();
  await page.keyboard.press("ArrowUp");
  await expect(selected).toContainText("debian-13");
  await expect(page).toHaveURL(/focus=images(%2F|\/)debian-13/);

  await page
    .getByRole("radio", { name: "Canvas" })
    .or(page.getByRole("button", { name: "Canvas" }))
    .click();
  await expect(page).not.toHaveURL(/view=tree/);
  await expect(page).toHaveURL(/focus=images(%2F|\/)debian-13/);
  await page.goBack();
  await expect(tree).toBeVisible();
});

test("the search shows an image of a collapsed branch", async ({ page }) => {
  await page.goto("/lineage/?view=tree");
  const tree = page.getByRole("treegrid", { name: "Forest of clones" });
  await tree.getByRole("button", { name: "Collapse all" }).click();
  await expect(tree.getByRole("row", { name: /db-1-test/ })).toHaveCount(0);
  await page.getByPlaceholder("Find an image…").fill("db-1-test");
  await page.getByRole("option", { name: /db-1-test/ }).click();
  await expect(tree.getByRole("row", { name: /db-1-test/ })).toBeVisible();
});

test("a parent in the trash is shown with its clone", async ({ page }) => {
  await page.goto("/lineage/?view=tree");
  const tree = page.getByRole("treegrid", { name: "Forest of clones" });
  await expect(tree.getByRole("row", { name: /legacy-app/ })).toContainText("legacy-base");
});

test("a link in the tree opens the image", async ({ page }) => {
  await page.goto("/lineage/?view=tree&focus=images%2Fgolden-web");
  const tree = page.getByRole("treegrid", { name: "Forest of clones" });
  await tree.getByRole("link", { name: /debian-13/ }).click();
  await expect(page.getByRole("heading", { level: 1, name: /debian-13/ })).toBeVisible();
  await page.goBack();
  await expect(tree.locator('[role="row"][aria-selected="true"]')).toContainText("golden-web");
});
