import { environment } from "../support/environment.ts";
import { adminPassword, signIn } from "../support/sign-in.ts";
import { expect, expectAccessible, test } from "../support/test.ts";

const PASSWORD = "a long enough one";
const signedOut = { storageState: { cookies: [], origins: [] } };

test("a viewer is created, signs in with the link, makes a key, and the audit log has it all", async ({
  page,
  browser,
}) => {
  const name = `vera-${crypto.randomUUID().slice(0, 8)}`;
  await page.goto("/settings/?tab=users");
  await page.getByRole("button", { name: "New user…" }).click();
  await page.getByLabel("Username").fill(name);
  await page.getByRole("button", { name: "Create the user" }).click();
  const link = (await page.getByRole("status", { name: "Sign-in link", exact: true }).textContent()) ?? "";
  await page.getByRole("button", { name: "Done" }).click();
  await expect(page.getByRole("row", { name: new RegExp(name) })).toContainText("No password yet");

  const context = await browser.newContext({ ...signedOut, baseURL: environment("E2E_ORIGIN") });
  const theirs = await context.newPage();
  await theirs.goto(link);
  await theirs.getByLabel("New password", { exact: true }).fill(PASSWORD);
  await theirs.getByLabel("New password again").fill(PASSWORD);
  await theirs.getByRole("button", { name: "Set the password" }).click();
  await expect(theirs.getByRole("heading", { name: "Change the password" })).toBeVisible();

  // Nothing that changes something is offered to a viewer.
  for (const tab of ["Users", "Audit log"])
    await expect(theirs.getByRole("tab", { name: tab })).toHaveCount(0);
  await theirs.goto("/image/?spec=images%2Fdebian-13");
  await expect(theirs.getByRole("heading", { level: 1, name: /debian-13/ })).toBeVisible();
  await expect(theirs.getByRole("button", { name: "Clone…" })).toHaveCount(0);

  await theirs.goto("/settings/?tab=keys");
  await theirs.getByRole("button", { name: "New key…" }).first().click();
  await theirs.getByLabel("Name").fill("watcher");
  await theirs.getByRole("button", { name: "Create the key" }).click();
  const key = (await theirs.getByRole("status", { name: "API key", exact: true }).textContent()) ?? "";
  await theirs.getByRole("button", { name: "Done" }).click();

  const api = (path: string, init: RequestInit = {}) =>
    fetch(`${environment("E2E_ORIGIN")}${path}`, { ...init, headers: { authorization: `Bearer ${key}` } });
  const images = await api("/api/v1/images/list?cluster=ceph&limit=3");
  const { rows } = (await images.json()) as { rows: object[] };
  expect([images.status, rows.length]).toEqual([200, 3]);
  expect((await api("/api/v1/users/list")).status).toBe(403);
  expect((await api("/api/v1/inventory/refresh", { method: "POST" })).status).toBe(400);
  expect(await (await api("/metrics")).text()).toContain('coppice_cluster_up{cluster="ceph"} 1');

  await theirs.getByRole("button", { name: "Revoke watcher" }).click();
  await theirs.getByRole("button", { name: "Revoke the key" }).click();
  await expect(theirs.getByText("No API keys")).toBeVisible();
  expect((await api("/api/v1/clusters/list")).status).toBe(401);
  await context.close();

  await page.goto(`/settings/?tab=audit&user=${name}`);
  for (const action of ["sign-in", "session.setPassword", "keys.create", "inventory.refresh", "keys.revoke"])
    await expect(page.getByText(action, { exact: true }).first()).toBeVisible();
  await expect(page.getByText("via key watcher").first()).toBeVisible();
  const file = await page.request.get(`/api/audit.csv?username=${name}`);
  expect(await file.text()).toContain(`${name},watcher,inventory.refresh`);

  // Disabling takes the way in.
  await page.goto("/settings/?tab=users");
  await page.getByRole("button", { name: `Actions for ${name}` }).click();
  await page.getByRole("menuitem", { name: "Disable…" }).click();
  await page.getByRole("button", { name: "Disable", exact: true }).click();
  await expect(page.getByRole("row", { name: new RegExp(name) })).toContainText("Disabled");
  const again = await browser.newContext({ ...signedOut, baseURL: environment("E2E_ORIGIN") });
  const refused = await again.newPage();
  await refused.goto("/sign-in/");
  await signIn(refused, name, PASSWORD);
  await expect(refused.getByText("This account is disabled.")).toBeVisible();
  await again.close();
});

test("the last administrator stays, and the dialog says why", async ({ page }) => {
  await page.goto("/settings/?tab=users");
  await page.getByRole("button", { name: "Actions for admin" }).click();
  await page.getByRole("menuitem", { name: "Change the role…" }).click();
  await page.getByRole("combobox", { name: "Role" }).click();
  await page.getByRole("option", { name: /Viewer/ }).click();
  await page.getByRole("button", { name: "Change the role" }).click();
  await expect(page.getByRole("dialog").getByRole("alert")).toContainText("nobody who manages this server");
});

test("units and the time zone are those that were chosen", async ({ page }) => {
  await page.goto("/settings/?tab=display");
  await page.getByRole("button", { name: "GB (1000)" }).click();
  await page.getByRole("combobox", { name: "Time zone" }).click();
  await page.getByRole("option", { name: "UTC", exact: true }).click();
  await expect(page.getByText("1.65 TB")).toBeVisible();
  await expect(page.getByText(/It is now .* UTC/)).toBeVisible();
  await page.goto("/images/");
  await expect(page.getByText(/^[\d.]+ [MGT]B$/).first()).toBeVisible();
});

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });
    test("no settings page has accessibility violations", async ({ page }) => {
      const content = {
        account: "This session",
        display: "Units of sizes",
        users: "Administrator",
        keys: "New key…",
        audit: "sign-in",
        api: "/clone/start",
      };
      for (const [tab, text] of Object.entries(content)) {
        await page.goto(`/settings/?tab=${tab}`);
        await expect(page.getByText(text).first()).toBeVisible();
        await expectAccessible(page);
      }
      await page.goto("/settings/?tab=users");
      await page.getByRole("button", { name: "New user…" }).click();
      await expect(page.getByRole("dialog", { name: "New user" })).toBeVisible();
      await expectAccessible(page);
    });
  });
}

test("one's own password is changed with the old one", async ({ browser }) => {
  const context = await browser.newContext({ ...signedOut, baseURL: environment("E2E_ORIGIN") });
  const page = await context.newPage();
  await page.goto("/sign-in/?next=%2Fsettings%2F");
  await signIn(page, "admin", await adminPassword());
  await page.getByLabel("Current password").fill("not the password");
  await page.getByLabel("New password", { exact: true }).fill(PASSWORD);
  await page.getByLabel("New password again").fill("something else here");
  await page.getByRole("button", { name: "Change the password" }).click();
  await expect(page.getByText("This is not the same password.")).toBeVisible();
  await page.getByLabel("New password again").fill(PASSWORD);
  await page.getByRole("button", { name: "Change the password" }).click();
  await expect(page.getByText("The current password is wrong.")).toBeVisible();
  await context.close();
});
