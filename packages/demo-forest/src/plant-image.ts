import {
  type Cluster,
  cloneImage,
  createImage,
  createSnapshot,
  type ImageRow,
  type InventoryRow,
  moveToTrash,
  openImage,
  protectSnapshot,
  removeImage,
  removeSnapshot,
  unprotectSnapshot,
} from "rbd-core";
import { evictClients } from "./evict-clients.ts";
import { type PlannedImage, specOf } from "./forest-plan.ts";
import { writeData } from "./write-data.ts";

const gib = 1024 ** 3;
/** Metadata that an image gets when it is complete. */
const completeKey = "coppice.demo";

/**
 * Plants one image, or finds that it is complete.
 *
 * @param seed makes its data differ from the other images'
 * @param rows what was on the cluster before this planting
 */
export async function plantImage(
  cluster: Cluster,
  image: PlannedImage,
  seed: number,
  rows: readonly InventoryRow[],
): Promise<void> {
  if (isInTrash(image, rows)) return;
  const spec = specOf(image);
  const live = rows.find((row) => row.spec === spec && row.trash === null);
  if (live !== undefined) {
    if (await isComplete(cluster, spec)) return;
    // A half-made image has no clones: they come after their parents are complete.
    await evictClients(cluster, spec);
    if (live.state === "ok") await discard(cluster, live);
    else await removeImage(cluster, spec);
  }
  await grow(cluster, image, spec, seed);
}

/** Moves the image to the trash if it is to end there. Only after all its clones were made. */
export async function trashImage(
  cluster: Cluster,
  image: PlannedImage,
  rows: readonly InventoryRow[],
): Promise<void> {
  if (image.trashDays === undefined || isInTrash(image, rows)) return;
  await moveToTrash(cluster, specOf(image), { keepSeconds: image.trashDays * 24 * 3600 });
}

function isInTrash(image: PlannedImage, rows: readonly InventoryRow[]): boolean {
  const spec = specOf(image);
  return image.trashDays !== undefined && rows.some((row) => row.spec === spec && row.trash !== null);
}

async function isComplete(cluster: Cluster, spec: string): Promise<boolean> {
  await using image = await openImage(cluster, spec, { readOnly: true });
  return (await image.listMetadata()).has(completeKey);
}

async function discard(cluster: Cluster, row: ImageRow): Promise<void> {
  for (const snapshot of row.snapshots) {
    const spec = `${row.spec}@${snapshot.name}`;
    if (snapshot.protected) await unprotectSnapshot(cluster, spec);
    await removeSnapshot(cluster, spec);
  }
  await removeImage(cluster, row.spec);
}

async function grow(cluster: Cluster, image: PlannedImage, spec: string, seed: number): Promise<void> {
  if (image.cloneOf !== undefined) {
    const format = image.cloneFormat === undefined ? {} : { cloneFormat: image.cloneFormat };
    await cloneImage(cluster, { source: image.cloneOf, target: spec, ...format });
  } else {
    await createImage(cluster, spec, {
      size: (image.gib ?? 1) * gib,
      ...(image.stripe && { stripeUnit: image.stripe.unit, stripeCount: image.stripe.count }),
      ...(image.dataPool !== undefined && { dataPool: image.dataPool }),
    });
  }
  for (const [index, step] of image.steps.entries()) {
    if (step.do === "write") {
      await using handle = await openImage(cluster, spec);
      await writeData(handle, step, seed * 100 + index);
      continue;
    }
    await createSnapshot(cluster, `${spec}@${step.name}`);
    if (step.protect) await protectSnapshot(cluster, `${spec}@${step.name}`);
  }
  await using handle = await openImage(cluster, spec);
  await handle.setMetadata(completeKey, "complete");
}
