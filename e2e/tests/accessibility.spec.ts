import { expect, expectAccessible, test } from "../support/test.ts";

const pages = [
  { path: "/", heading: "Overview" },
  { path: "/images/", heading: "Images" },
  { path: "/image/?spec=images%2Fdebian-13", heading: "debian-13" },
  { path: "/image/?spec=images%2Fdebian-13&tab=snapshots", heading: "debian-13" },
  { path: "/image/?spec=images%2Fdebian-13&tab=family", heading: "debian-13" },
  { path: "/lineage/", heading: "Lineage" },
  { path: "/lineage/?view=tree", heading: "Lineage" },
  { path: "/tasks/", heading: "Tasks" },
] as const;

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });
    for (const { path, heading } of pages) {
      test(`${path} has no accessibility violations`, async ({ page }) => {
        await page.goto(path);
        await expect(page.getByRole("heading", { level: 1, name: new RegExp(heading) })).toBeVisible();
        await expect(page.getByText("debian-13").or(page.getByText(/task/i)).first()).toBeVisible();
        await expectAccessible(page);
      });
    }

    test("the clone dialog has no accessibility violations", async ({ page }) => {
      await page.goto("/image/?spec=images%2Fdebian-13");
      await page.getByRole("button", { name: "Clone…" }).click();
      await expect(page.getByText(/Reuses snapshot|Creates snapshot/).first()).toBeVisible();
      await expectAccessible(page);
    });
  });
}
