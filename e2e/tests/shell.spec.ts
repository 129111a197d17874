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

test("a page that is not there says so", async ({ page }) => {
  const response = await page.goto("/no-such-page/");
  expect(response?.status()).toBe(404);
  await expect(page.getByRole("heading").first()).toBeVisible();
});

test.describe("with an own session", () => {
  test.use({ storageState: { cookies: [], origins: [] } });

  test("who signs out sees nothing any more, not with the back button either", async ({ page }) => {
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
