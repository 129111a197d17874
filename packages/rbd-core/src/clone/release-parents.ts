import { type IoCtx, writeSteps } from "rbd-native";
import { z } from "zod";
import type { Cluster } from "../cluster/index.ts";
import { hasCode, withCoppiceErrors } from "../errors/index.ts";
import {
  decodeTrashEntry,
  directoryIdKey,
  ignoreNotFound,
  readHeader,
  readOmapValue,
  type TrashHeader,
  trashObject,
} from "../headers/index.ts";
import { showImageSpec } from "../names/index.ts";
import { releaseOwnSnapshots } from "./source-snapshot.ts";

/** The image that another one is a clone of, by numbers: it may have another name by now, or be in the trash. */
export const parentRefSchema = z.object({ poolId: z.int(), namespace: z.string(), imageId: z.string() });
export type ParentRef = z.infer<typeof parentRefSchema>;

/** The parent of an image, as a list of one or none: what is to be released when the image is gone. @throws {RbdError} */
export async function readParentRefs(ioCtx: IoCtx, id: string): Promise<ParentRef[]> {
  const parent = (await readHeader(ioCtx, id, undefined))?.header.parent ?? null;
  if (parent === null) return [];
  const { poolId, namespace, imageId } = parent;
  return [{ poolId, namespace, imageId }];
}

/**
 * Removes from the former parents of an image that was removed or flattened what only clones needed: the snapshots that
 * Coppice made by itself and that have no clone any more, and then the parent itself if it was deleted before and only
 * waited in the trash for that. May be interrupted anywhere, and called again.
 *
 * A parent in a pool that this connection may not write to stays as it is.
 *
 * @param record Records what has to be released from now on.
 * @throws {CoppiceError}
 */
export async function releaseParents(
  cluster: Cluster,
  parents: readonly ParentRef[],
  record: (parents: ParentRef[]) => Promise<void>,
): Promise<void> {
  const left = [...parents];
  for (let ref = left.shift(); ref !== undefined; ref = left.shift()) {
    const { poolId, namespace, imageId } = ref;
    const pool = (await cluster.listPools()).find(({ id }) => id === poolId);
    if (pool === undefined) continue;
    const spec = { pool: pool.name, namespace, image: imageId };
    try {
      await releaseOwnSnapshots(cluster, spec, imageId);
      const ioCtx = await cluster.pool(spec.pool, namespace);
      await withCoppiceErrors({ object: showImageSpec(spec) }, async () => {
        if (!(await onlyWaits(ioCtx, imageId))) return;
        const above = await readParentRefs(ioCtx, imageId);
        left.push(...above);
        if (ref !== undefined && above.length > 0) await record([ref, ...left]);
        await ioCtx.trashRemove(imageId, { force: true });
        await forgetDeleted(ioCtx, imageId);
      });
    } catch (error) {
      // Somebody has it open or has removed it, or another client's pool is not this one's to change.
      const isLeft = ["BUSY", "NOT_EMPTY", "NOT_FOUND", "PERMISSION_DENIED"] as const;
      if (!isLeft.some((code) => hasCode(error, code))) throw error;
    }
  }
}

/**
 * The object of each pool and namespace in whose omap stands which images were deleted while they had clones, by their ids:
 * they go from the trash with their last clone.
 */
const deletedObject = "coppice.deleted";

const deletedSchema = z.strictObject({
  version: z.literal(1),
  /** When the image was moved to the trash, as its entry there says: an image that was restored since is not meant. */
  deletedAt: z.iso.datetime(),
});

/** Records that an image in the trash was deleted and only waits there for its clones. @throws {RbdError} */
export async function recordDeleted(ioCtx: IoCtx, id: string): Promise<void> {
  const deletedAt = (await readTrashEntry(ioCtx, id))?.deletedAt?.toISOString();
  if (deletedAt === undefined) return;
  const value = JSON.stringify({ version: 1, deletedAt } satisfies z.infer<typeof deletedSchema>);
  await ioCtx.objects.write(deletedObject, [writeSteps.create(), writeSteps.setOmap(new Map([[id, value]]))]);
}

async function forgetDeleted(ioCtx: IoCtx, id: string): Promise<void> {
  const steps = [writeSteps.assertExists(), writeSteps.removeOmapKeys([id])];
  await ignoreNotFound(() => ioCtx.objects.write(deletedObject, steps));
}

/** Whether an image was deleted, and nothing keeps it in the trash any more: neither snapshots nor clones. */
async function onlyWaits(ioCtx: IoCtx, id: string): Promise<boolean> {
  const entry = await readTrashEntry(ioCtx, id);
  if (entry === null || (entry.state !== "normal" && entry.state !== "removing")) return false;
  const value = await readOmapValue(ioCtx, deletedObject, id, undefined);
  if (value === null || deletedAtOf(value) !== entry.deletedAt?.toISOString()) return false;
  const opened = await ignoreNotFound(() => ioCtx.openImage({ id }, { readOnly: true }));
  // Its removal was interrupted after its header had gone.
  if (opened === null) return true;
  await using image = opened;
  return (await image.listSnapshots()).length === 0 && (await image.listChildren()).length === 0;
}

async function readTrashEntry(ioCtx: IoCtx, id: string): Promise<TrashHeader | null> {
  const key = directoryIdKey(id);
  const value = await readOmapValue(ioCtx, trashObject, key, undefined);
  return value === null ? null : decodeTrashEntry(key, value);
}

/** What cannot be read says nothing: the image stays until somebody removes it from the trash. */
function deletedAtOf(value: Buffer): string | undefined {
  try {
    return deletedSchema.safeParse(JSON.parse(value.toString("utf8"))).data?.deletedAt;
  } catch {
    return undefined;
  }
}
