import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Locator, Page } from "@playwright/test";
import type { RbdCli } from "../support/rbd.ts";
import { expect, expectAccessible, test } from "../support/test.ts";

const mebibyte = 1024 ** 2;
const unique = (prefix: string) => `${prefix}-${crypto.randomUUID().slice(0, 8)}`;

/** Opens the dialog that creates an image, on one of its tabs. */
async function newImage(page: Page, tab: "Empty" | "Import" | "From template"): Promise<Locator> {
  await page.goto("/images/?pool=vms");
  await page.getByRole("button", { name: "New image…" }).click();
  const dialog = page.getByRole("dialog", { name: "New image" });
  await dialog.getByRole("tab", { name: tab }).click();
  return dialog;
}

/** Opens a dialog from the menu of an image's page. */
async function act(page: Page, spec: string, action: string, title: string): Promise<Locator> {
  await page.goto(`/image/?spec=${encodeURIComponent(spec)}`);
  await page.getByRole("button", { name: "More actions" }).click();
  await page.getByRole("menuitem", { name: action }).click();
  const dialog = page.getByRole("dialog", { name: title });
  await expect(dialog).toBeVisible();
  return dialog;
}

async function submit(dialog: Locator, name: string): Promise<void> {
  await dialog.getByRole("button", { name, exact: true }).click();
}

/** The bytes of an image, as `rbd export` writes them. */
async function exported(rbd: RbdCli, spec: string): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), "coppice-e2e-export-"));
  try {
    await rbd.run("export", "--no-progress", spec, join(folder, "disk"));
    return await readFile(join(folder, "disk"));
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("a disk is uploaded as a template, and an image made from it, resized, flattened and captured", async ({
  page,
  images,
  rbd,
}) => {
  const disk = Buffer.concat([randomBytes(mebibyte), Buffer.alloc(6 * mebibyte), randomBytes(mebibyte)]);
  const [template, image, captured] = [unique("upload"), unique("disk"), unique("captured")];

  const upload = await newImage(page, "Import");
  await expectAccessible(page);
  const file = { name: `${template}.raw`, mimeType: "application/octet-stream", buffer: disk };
  await upload.getByLabel("File", { exact: true }).setInputFiles(file);
  await expect(upload.getByLabel("Name of the template")).toHaveValue(template);
  await submit(upload, "Import");
  await expect(upload.getByText("is ready.")).toBeVisible();
  expect((await exported(rbd, `vms/${template}`)).equals(disk)).toBe(true);
  expect(await rbd.snapshots(`vms/${template}`)).toEqual(["snap"]);

  await images.refresh();
  const create = await newImage(page, "From template");
  await create.getByLabel("Template", { exact: true }).fill(template);
  await page.getByRole("option", { name: `vms/${template}` }).click();
  await create.getByLabel("Name of the image").fill(image);
  await create.getByLabel("Size (optional)").fill("16M");
  await submit(create, "Create");
  await expect(create.getByText("is ready.")).toBeVisible();
  expect(await rbd.info(`vms/${image}`)).toMatchObject({
    size: 16 * mebibyte,
    parent: { image: template, snapshot: "snap" },
  });

  await images.refresh();
  const resize = await act(page, `vms/${image}`, "Resize…", "Resize the image");
  await resize.getByLabel("New size").fill("4 MiB");
  await expect(resize.getByText(/of data are lost for good/)).toBeVisible();
  await expect(resize.getByRole("button", { name: "Shrink" })).toBeDisabled();
  await expectAccessible(page);
  await resize.getByLabel("New size").fill("32M");
  await submit(resize, "Enlarge");
  await expect(page.getByText(/Resize vms.*bytes/).first()).toBeVisible();
  expect((await rbd.info(`vms/${image}`)).size).toBe(32 * mebibyte);

  const capture = await act(page, `vms/${image}`, "Capture as template…", "Capture as a template");
  await capture.getByLabel("Name of the template").fill(captured);
  await submit(capture, "Capture");
  await expect(capture.getByText("is ready.")).toBeVisible();
  expect((await exported(rbd, `vms/${captured}@snap`)).subarray(0, disk.length).equals(disk)).toBe(true);

  const flatten = await act(page, `vms/${image}`, "Flatten…", "Flatten the image");
  await submit(flatten, "Flatten");
  await expect(page.getByText(`Flatten vms/${image}`).first()).toBeVisible();
  expect((await rbd.info(`vms/${image}`)).parent).toBeUndefined();
});

test("an empty image is created and renamed; a name that is taken is refused in the dialog", async ({
  page,
  images,
  rbd,
}) => {
  const [first, renamed] = [unique("empty"), unique("renamed")];
  const create = await newImage(page, "Empty");
  await create.getByLabel("Name of the image").fill(first);
  await create.getByLabel("Size", { exact: true }).fill("64M");
  await submit(create, "Create");
  await expect(create.getByText("is ready.")).toBeVisible();
  const { id, size } = await rbd.info(`vms/${first}`);
  expect(size).toBe(64 * mebibyte);

  const taken = await images.create("taken");
  await images.refresh();
  const rename = await act(page, `vms/${first}`, "Rename…", "Rename the image");
  await rename.getByLabel("New name").fill(taken.slice("vms/".length));
  await submit(rename, "Rename");
  await expect(rename.getByText(/EXISTS/)).toBeVisible();
  await rename.getByLabel("New name").fill(renamed);
  await submit(rename, "Rename");
  await expect(rename.getByText("is ready.")).toBeVisible();
  await rename.getByRole("button", { name: "Close" }).first().click();
  await expect(page.getByRole("heading", { level: 1, name: renamed })).toBeVisible();
  expect((await rbd.info(`vms/${renamed}`)).id).toBe(id);
});
