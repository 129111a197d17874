import { environment } from "../support/environment.ts";
import { adminPassword, signIn } from "../support/sign-in.ts";
import { expect, test } from "../support/test.ts";

test.use({ storageState: { cookies: [], origins: [] } });

test("without a session, a page leads to the sign-in page and then back", async ({ page }) => {
  await page.goto("/images/?q=debian");
  await expect(page).toHaveURL(/\/sign-in\//);
  await signIn(page, "admin", await adminPassword());
  await expect(page).toHaveURL(/\/images\/\?q=debian/);
  await expect(page.getByRole("link", { name: /debian-13/ }).first()).toBeVisible();
});

test("a wrong password is refused with a message", async ({ page }) => {
  await page.goto("/sign-in/");
  await signIn(page, "admin", "not the password");
  await expect(page.getByRole("alert").filter({ hasText: "Wrong username or password" })).toBeVisible();
  await page.goto("/images/");
  await expect(page).toHaveURL(/\/sign-in\//);
});

test("without a session, the API refuses every procedure", async ({ request }) => {
  for (const procedure of ["images.list", "lineage.forest", "cluster.info", "tasks.list", "session.me"]) {
    const response = await request.get(`/trpc/${procedure}?input=%7B%7D`);
    expect(response.status(), procedure).toBe(401);
    expect(await response.text()).not.toContain("debian");
  }
});

test("the link that npm start prints signs in, once", async ({ page, browser }) => {
  await page.goto(environment("E2E_SIGN_IN_URL"));
  await expect(page.getByRole("navigation", { name: "Pages" })).toBeVisible();

  const another = await browser.newContext();
  const late = await another.newPage();
  await late.goto(environment("E2E_SIGN_IN_URL"));
  await expect(late.getByRole("navigation", { name: "Pages" })).toBeHidden();
  await late.goto(`${environment("E2E_ORIGIN")}/images/`);
  await expect(late).toHaveURL(/\/sign-in\//);
  await another.close();
});
