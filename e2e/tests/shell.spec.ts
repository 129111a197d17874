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

test("no page breaks its own security policy, or complains in the console", async ({ page }) => {
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  for (const path of ["/", "/images/", "/image/?spec=images%2Fdebian-13", "/lineage/", "/tasks/"]) {
    await page.goto(path);
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
    await expect(page.getByText(/debian-13|Nothing has run|Task/).first()).toBeVisible();
  }
  expect(complaints).toEqual([]);
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
