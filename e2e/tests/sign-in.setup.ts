import { sessionFile } from "../support/environment.ts";
import { adminPassword, signIn } from "../support/sign-in.ts";
import { expect, test as setup } from "../support/test.ts";

setup("an administrator signs in with the initial password", async ({ page }) => {
  await page.goto("/");
  await expect(page).toHaveURL(/\/sign-in\//);
  await signIn(page, "admin", await adminPassword());
  await expect(page.getByRole("navigation", { name: "Pages" })).toBeVisible();
  await page.context().storageState({ path: sessionFile() });
});
