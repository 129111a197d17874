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
  const spec = specOf(image);
  const there = rows.filter((row) => row.spec === spec);
  if (image.trashDays !== undefined && there.some((row) => row.trash !== null)) return;
  const live = there.find((row) => row.trash === null);
  if (live === undefined || !(await isComplete(cluster, spec))) {
    // A half-made image has no clones: they come after their parents are complete.
    if (live?.state === "ok") await discard(cluster, live);
    else if (live !== undefined) await removeImage(cluster, spec);
    await grow(cluster, image, spec, seed);
  }
  if (image.trashDays !== undefined) {
    await moveToTrash(cluster, spec, { keepSeconds: image.trashDays * 24 * 3600 });
  }
}

async function isComplete(cluster: Cluster, spec: string): Promise<boolean> {
  await using image = await openImage(cluster, spec, { readOnly: true });
  return (await image.getMetadata(completeKey)) !== undefined;
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
