import type { Page } from "@playwright/test";
import { expect, expectAccessible, test } from "../support/test.ts";

test.setTimeout(120_000);

const dialog = (page: Page, name: string) => page.getByRole("dialog", { name });

async function expectAccessibleInBothThemes(page: Page): Promise<void> {
  for (const colorScheme of ["dark", "light"] as const) {
    await page.emulateMedia({ colorScheme });
    await expectAccessible(page);
  }
}

/** Backs the image of the page up to the target, and expects a backup of this kind. */
async function backUp(
  page: Page,
  button: string,
  target: string,
  kind: "Full" | "Incremental",
): Promise<void> {
  await page.getByRole("button", { name: button }).first().click();
  const asked = dialog(page, "Back up an image");
  if (kind === "Full") {
    await asked.getByLabel("Target").click();
    await page.getByRole("option", { name: target }).click();
  }
  await expect(asked.getByLabel("Target")).toContainText(target);
  await asked.getByRole("button", { name: "Back up", exact: true }).click();
  await expect(asked.getByText("is backed up.")).toBeVisible();
  await expect(asked.getByRole("definition").filter({ hasText: kind }).first()).toBeVisible();
  await asked.getByRole("button", { name: "Close" }).first().click();
  await expect(asked).toBeHidden();
}

test("an image is backed up, verified, restored to a new image and in place, and its backup deleted", async ({
  page,
  images,
  rbd,
}) => {
  const image = await images.create("kept");
  const name = image.slice("vms/".length);
  await rbd.run("namespace", "create", `vms/${name}`);
  await images.refresh();

  await test.step("a namespace of a pool becomes a target", async () => {
    await page.goto("/backups/targets/");
    await page.getByRole("button", { name: "Add a target…" }).first().click();
    const added = dialog(page, "Add a target");
    await added.getByLabel("Pool", { exact: true }).click();
    await page.getByRole("option", { name: `vms/${name}` }).click();
    await added.getByLabel("Name").fill(name);
    await expectAccessible(page);
    await added.getByRole("button", { name: "Add the target" }).click();
    const card = page.getByRole("listitem").filter({ hasText: `pool vms/${name}` });
    await expect(card.getByText("Backups can be made here.")).toBeVisible();
    await expectAccessible(page);
  });

  const digests: string[] = [];
  await test.step("the first backup is full, the second one incremental", async () => {
    await page.goto(`/image/?spec=${encodeURIComponent(image)}&tab=backups`);
    await expect(page.getByRole("heading", { name: "No backups" })).toBeVisible();
    digests.push(await rbd.digest(image));
    await backUp(page, "Back up this image…", name, "Full");
    await images.write(image);
    digests.push(await rbd.digest(image));
    await backUp(page, "Back up now…", name, "Incremental");
  });

  await test.step("the list leads to the history, in which the arrow keys move", async () => {
    await page.goto(`/backups/?q=${name}`);
    await expect(page.getByRole("grid").getByRole("link", { name: image })).toBeVisible();
    await expectAccessibleInBothThemes(page);
    await page.getByRole("grid").getByRole("link", { name: image }).click();
    const picture = page.getByRole("listbox", { name: `Backup history of ${image}` });
    const points = picture.getByRole("option");
    await expect(points.last()).toHaveAttribute("aria-selected", "true");
    await picture.press("Home");
    await expect(points.first()).toHaveAttribute("aria-selected", "true");
    await expect(page).toHaveURL(/point=/);
    await expectAccessibleInBothThemes(page);
  });

  await test.step("a deep verification is shown with the point", async () => {
    await page.getByRole("button", { name: "Verify…" }).click();
    const asked = dialog(page, "Verify a backup");
    await expectAccessible(page);
    await asked.getByRole("button", { name: "Verify", exact: true }).click();
    await expect(asked.getByText("Everything is as it was backed up.")).toBeVisible();
    await asked.getByRole("button", { name: "Close" }).first().click();
    await expect(page.getByText("· deep check").first()).toBeVisible();
  });

  await test.step("the page of the point restores it to a new image", async () => {
    await page.getByRole("link", { name: "Details" }).click();
    await expect(page.getByRole("heading", { level: 1, name: /^Full backup of/ })).toBeVisible();
    await expect(page.getByText("rbd import-diff").first()).toBeVisible();
    await expectAccessibleInBothThemes(page);
    await page.getByRole("button", { name: "Restore…" }).click();
    const asked = dialog(page, "Restore a backup");
    await asked.getByLabel("Name of the new image").fill(`${name}-copy`);
    await expectAccessible(page);
    await asked.getByRole("button", { name: "Continue" }).click();
    await expect(asked.getByText("Makes a new image")).toBeVisible();
    await asked.getByRole("button", { name: "Restore", exact: true }).click();
    await expect(asked.getByText("is restored.")).toBeVisible();
    expect(await rbd.digest(`vms/${name}-copy`)).toBe(digests[0]);
    await asked.getByRole("button", { name: "Close" }).first().click();
  });

  await test.step("the same point is restored in place, and the state before is kept", async () => {
    await page.getByRole("button", { name: "Restore…" }).click();
    const asked = dialog(page, "Restore a backup");
    await asked.getByText("In place", { exact: true }).click();
    await asked.getByRole("button", { name: "Continue" }).click();
    await expect(asked.getByText("kept in a snapshot")).toBeVisible();
    await asked.getByRole("button", { name: "Restore", exact: true }).click();
    await expect(asked.getByText("holds the backup now.")).toBeVisible();
    await asked.getByRole("button", { name: "Close" }).first().click();
    expect(await rbd.digest(image)).toBe(digests[0]);
    const safety = (await rbd.snapshots(image)).find((each) => each.startsWith("coppice-before-restore-"));
    expect(await rbd.digest(`${image}@${safety}`)).toBe(digests[1]);
  });

  await test.step("a backup is deleted once its name has been typed; the other one stays whole", async () => {
    await page.getByRole("button", { name: "Delete…" }).click();
    const asked = dialog(page, "Delete a backup");
    const remove = asked.getByRole("button", { name: "Delete the backup" });
    await expect(remove).toBeDisabled();
    const id = new URL(page.url()).searchParams.get("id") ?? "";
    await asked.getByLabel(/^Type/).fill(id.slice(0, 8));
    await remove.click();
    await expect(asked.getByText("The backup is deleted.")).toBeVisible();
    await asked.getByRole("button", { name: "Close" }).first().click();
    const [chain = ""] = (await rbd.run("ls", `vms/${name}`)).trim().split("\n");
    const points = await rbd.snapshots(`vms/${name}/${chain}`);
    expect(points).toHaveLength(1);
    expect(await rbd.digest(`vms/${name}/${chain}@${points[0]}`)).toBe(digests[1]);
  });
});
