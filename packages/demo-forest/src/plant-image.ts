import { setTimeout as pause } from "node:timers/promises";
import {
  type Cluster,
  CoppiceError,
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
import { type PlannedImage, specOf, type WriteStep } from "./forest-plan.ts";

const gib = 1024 ** 3;
/** Metadata that an image gets when it is complete. */
const completeKey = "coppice.demo";

/**
 * Creates one image of the plan with its data and snapshots, unless it is already complete.
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
    // An incomplete image has no clones: they are made after their parents are complete.
    await blocklistWatchers(cluster, spec);
    if (live.state === "ok") await discard(cluster, live);
    else await removeImage(cluster, spec);
  }
  await createPlannedImage(cluster, image, spec, seed);
}

/** Moves the image to the trash if the plan says so. To be called after all its clones were made. */
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

async function createPlannedImage(
  cluster: Cluster,
  image: PlannedImage,
  spec: string,
  seed: number,
): Promise<void> {
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

const longestWaitMs = 20_000;
const pauseMs = 20;

/**
 * Blocklists the clients that still watch an incomplete image. The cluster keeps the watcher of a killed planting for
 * half a minute, during which the image cannot be removed; a blocklisted watcher ends as soon as the OSD learns of it.
 * Only for images of an interrupted planting, which no other client uses.
 *
 * Source: `ceph osd blocklist`, which librbd uses when it breaks the lock of a dead client.
 */
async function blocklistWatchers(cluster: Cluster, spec: string): Promise<void> {
  const deadline = performance.now() + longestWaitMs;
  const evicted = new Set<string>();
  for (;;) {
    const addresses = await watchers(cluster, spec);
    if (addresses.length === 0) return;
    for (const address of addresses) {
      if (evicted.has(address)) continue;
      await cluster.monCommand({ prefix: "osd blocklist", blocklistop: "add", addr: address });
      evicted.add(address);
    }
    if (performance.now() > deadline) {
      throw new CoppiceError({
        code: "BUSY",
        call: "plantDemoForest",
        object: spec,
        message: `the incomplete image ${spec} is still open on ${addresses.join(", ")}`,
        hint: "Stop the clients that use the image, and try again.",
      });
    }
    await pause(pauseMs);
  }
}

/** A read-only handle is no watcher itself. */
async function watchers(cluster: Cluster, spec: string): Promise<string[]> {
  await using image = await openImage(cluster, spec, { readOnly: true });
  return (await image.listWatchers()).map((watcher) => watcher.address);
}

const mib = 1024 * 1024;
const chunkMib = 2;
const writesAtOnce = 8;

/** Writes a step's data in chunks, every second one behind a hole, as file systems leave them. */
async function writeData(
  image: Awaited<ReturnType<typeof openImage>>,
  step: WriteStep,
  seed: number,
): Promise<void> {
  const chunks = Array.from({ length: Math.ceil(step.mib / chunkMib) }, (_, index) => index).values();
  const writer = async () => {
    for (const index of chunks) {
      const length = Math.min(chunkMib, step.mib - index * chunkMib) * mib;
      const words = new Uint32Array(length / 4);
      fillPseudoRandom(words, seed * 1000 + index);
      const holes = Math.floor(index / 2) * chunkMib;
      await image.write((step.at + index * chunkMib + holes) * mib, Buffer.from(words.buffer));
    }
  };
  await Promise.all(Array.from({ length: writesAtOnce }, writer));
  await image.flush();
}

/**
 * Fills `data` with bytes that look random and are the same for the same seed (xorshift32), so that every
 * planted forest holds the same data.
 */
export function fillPseudoRandom(data: Uint32Array, seed: number): void {
  let state = (seed ^ 0x9e3779b9) | 1;
  for (let i = 0; i < data.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    data[i] = state;
  }
}
