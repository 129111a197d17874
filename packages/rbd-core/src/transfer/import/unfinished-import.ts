import type { Image } from "rbd-native";
import { z } from "zod";
import type { Cluster } from "../../cluster/index.ts";
import { hasCode } from "../../errors/index.ts";
import { openImage } from "../../image/index.ts";
import { type ImageSpec, showImageSpec } from "../../names/index.ts";
import { existsAlready, leaseNewImage, madeElsewhere, removeNewImage, unmarkedSize } from "../new-image.ts";
import { headEquals } from "../target/head.ts";
import { refuseOthers } from "../target/open-target.ts";
import { readNote, writeNote } from "../target/point-record.ts";

/** Metadata of an image that an import is making, until it is whole. */
const schema = z.strictObject({
  version: z.literal(1),
  /** Names of the snapshots that the import made, the one it is about to make too. */
  snapshots: z.array(z.string()),
});

const key = "coppice.import-image";

/**
 * Marks an image that this process has just created and keeps to itself.
 *
 * @throws {CoppiceError} `BUSY` when another import has put its own in the place meanwhile
 */
export async function markImport(cluster: Cluster, place: ImageSpec, image: Image): Promise<void> {
  if (!(await isUnmarked(cluster, place, image))) throw madeElsewhere(place);
  await writeMark(image, []);
}

/** @param snapshots Names of all that the import made, and of the one it is about to make. */
export async function writeMark(image: Image, snapshots: readonly string[]): Promise<void> {
  await writeNote(image, key, { version: 1, snapshots });
}

/** The image is whole. */
export async function removeMark(image: Image): Promise<void> {
  await image.removeMetadata(key);
}

/**
 * Makes room for an import: removes what an import to the same name left when its process ended.
 *
 * @throws {CoppiceError} `EXISTS` when there is anything else, also one to which somebody added a snapshot or a clone;
 * `BUSY` while another process has it open
 */
export async function removeUnfinished(
  cluster: Cluster,
  place: ImageSpec,
  signal?: AbortSignal,
): Promise<void> {
  const id = await findUnfinished(cluster, place, signal);
  if (id === undefined) return;
  try {
    const ioCtx = await cluster.pool(place.pool, place.namespace);
    await using _ = await leaseNewImage("import", ioCtx, place, id, signal);
    // Whoever had the lease may have come to the end meanwhile, or begun anew.
    if ((await findUnfinished(cluster, place, signal)) !== id) throw madeElsewhere(place);
    await removeNewImage(cluster, place);
  } catch (error) {
    if (hasCode(error, "NOT_FOUND")) throw madeElsewhere(place);
    throw error;
  }
}

/** @returns The id of what an import left; undefined when there is nothing of that name. */
async function findUnfinished(
  cluster: Cluster,
  place: ImageSpec,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  let image: Image;
  try {
    image = await openImage(cluster, place, { readOnly: true });
  } catch (error) {
    if (hasCode(error, "NOT_FOUND")) return undefined;
    throw error;
  }
  await using _ = image;
  if (!(await isUnfinished(cluster, place, image))) throw existsAlready(place, "removeUnfinished");
  refuseOthers((await image.listWatchers({ signal })).length, showImageSpec(place));
  return image.id;
}

async function isUnfinished(cluster: Cluster, place: ImageSpec, image: Image): Promise<boolean> {
  const mark = await readNote(image, key, schema);
  if (mark === undefined) return await isUnmarked(cluster, place, image);
  const snapshots = await image.listSnapshots();
  if (!snapshots.every(({ name }) => mark.snapshots.includes(name))) return false;
  return (await image.listChildren()).length === 0;
}

/** Whether an image is as an import creates it, and nothing more. */
async function isUnmarked(cluster: Cluster, place: ImageSpec, image: Image): Promise<boolean> {
  if ((await image.size()) !== unmarkedSize) return false;
  if ((await image.listSnapshots()).length > 0 || (await image.listMetadata()).size > 0) return false;
  return await headEquals(cluster, place, undefined);
}
