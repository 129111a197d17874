import { expect, expectAccessible, test } from "../support/test.ts";

test("a policy is made with a preview, run, and its outcome shown; the overview says that all is well", async ({
  page,
  images,
  rbd,
}) => {
  const pool = `backups-${crypto.randomUUID().slice(0, 8)}`;
  await rbd.ceph("osd", "pool", "create", pool, "8");
  await rbd.run("pool", "init", pool);
  const image = await images.create("policy");
  await images.refresh();
  await page.goto("/policies/");
  const origin = new URL(page.url()).origin;
  const added = await page.request.post("/trpc/backups.targets.add", {
    headers: { origin, "content-type": "application/json" },
    data: { name: pool, settings: { kind: "pool", cluster: "ceph", pool } },
  });
  expect(added.ok()).toBe(true);

  await page.getByRole("link", { name: "New policy" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Nightly");
  await page.getByLabel("Images", { exact: true }).fill(`${image.slice(0, -2)}*`);
  await page.getByLabel("Target").click();
  await page.getByRole("option", { name: pool }).click();
  await page.getByLabel("Backup schedule").fill("30 1 * * 1-5");
  await expect(page.getByText("At 01:30, Monday through Friday")).toBeVisible();
  await expect(
    page.getByRole("list", { name: "Matching images" }).getByText(image.split("/")[1] ?? ""),
  ).toBeVisible();
  await expect(page.getByRole("img", { name: /What the retention keeps in the long run/ })).toBeVisible();
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await expectAccessible(page);
  }
  await page.getByRole("button", { name: "Create policy" }).click();

  await expect(page.getByRole("heading", { level: 1, name: "Nightly" })).toBeVisible();
  await page.getByRole("button", { name: "Back up now" }).click();
  const run = page.getByRole("button", { name: /Backup.*Succeeded/ });
  await expect(run).toBeVisible({ timeout: 30_000 });
  await expect(
    page.getByRole("row", { name: new RegExp(`${image.split("/")[1]}.*full.*Succeeded`) }),
  ).toBeVisible();
  await expectAccessible(page);
  const [chain = ""] = (await rbd.run("ls", pool)).trim().split("\n");
  expect(await rbd.snapshots(`${pool}/${chain}`)).toHaveLength(1);

  await page.goto("/");
  const protection = page
    .locator("section")
    .filter({ has: page.getByRole("heading", { name: "Protection", exact: true }) });
  await expect(protection.getByRole("link", { name: /Protected 1/ })).toBeVisible();
  await expect(protection.getByText(/Backups run|All is well/)).toBeVisible();
  await expectAccessible(page);
  await protection.getByRole("link", { name: /Protected 1/ }).click();
  await expect(
    page.getByRole("row", { name: new RegExp(`${image.split("/")[1]}.*Protected`) }),
  ).toBeVisible();
  await expectAccessible(page);
});
