import { environment } from "../support/environment.ts";
import { adminPassword, signIn } from "../support/sign-in.ts";
import { expect, test } from "../support/test.ts";

test("the palette finds an image from anywhere", async ({ page }) => {
  await page.goto("/");
  await expect(page.getByRole("heading", { level: 1, name: "Overview" })).toBeVisible();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("windows");
  await page.getByRole("option", { name: /windows-2025/ }).click();
  await expect(page.getByRole("heading", { level: 1, name: /windows-2025/ })).toBeVisible();
});

test("no page violates its security policy or logs an error to the console", async ({ page }) => {
  const errors: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  page.on("pageerror", (error) => errors.push(error.message));
  for (const path of ["/", "/images/", "/image/?spec=images%2Fdebian-13", "/lineage/", "/tasks/"]) {
    await page.goto(path);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await expect(page.getByText(/debian-13|No tasks yet|Task/).first()).toBeVisible();
  }
  expect(errors).toEqual([]);
});

test("a page that does not exist is reported as such", async ({ page }) => {
  const response = await page.goto("/no-such-page/");
  expect(response?.status()).toBe(404);
  await expect(page.getByRole("heading").first()).toBeVisible();
});

test("the URL names the cluster, and the links of a page keep it", async ({ page }) => {
  await page.goto("/");
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Images" }).click();
  await expect(page).toHaveURL(/\/images\/\?cluster=ceph$/);
  await page
    .getByRole("link", { name: /debian-13/ })
    .first()
    .click();
  await expect(page).toHaveURL(/\/image\/\?cluster=ceph&spec=images(%2F|\/)debian-13/);

  await page.goto("/images/?cluster=no-such-cluster");
  await expect(page.getByRole("heading", { level: 1, name: "Cluster not found" })).toBeVisible();
  await page.getByRole("link", { name: "Go to ceph" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Overview" })).toBeVisible();
});

test("the palette offers the actions of the image on the page", async ({ page }) => {
  await page.goto("/image/?spec=images%2Fdebian-13");
  await expect(page.getByRole("heading", { level: 1, name: /debian-13/ })).toBeVisible();
  await page.keyboard.press("Control+k");
  await page.getByRole("group", { name: "images/debian-13" }).getByRole("option", { name: "Clone…" }).click();
  await expect(page.getByRole("dialog", { name: "Clone an image" })).toBeVisible();
});

test.describe("with a session of its own", () => {
  test.use({ storageState: { cookies: [], origins: [] } });

  test("signing out hides everything, also from the back button", async ({ page }) => {
    await page.goto("/");
    await signIn(page, "admin", await adminPassword());
    await page.getByRole("button", { name: "Account: admin" }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await expect(page).toHaveURL(/\/sign-in\//);
    await page.goBack();
    await expect(page.getByRole("button", { name: "Sign in" })).toBeVisible();
    const response = await page.request.get(`${environment("E2E_ORIGIN")}/trpc/session.me`);
    expect(response.status()).toBe(401);
  });
});
