import type { Image } from "rbd-native";
import type { Cluster } from "../cluster/cluster.ts";
import { CoppiceError } from "../errors/coppice-error.ts";
import { hasCode, withCoppiceErrors } from "../errors/to-coppice-error.ts";
import { showImageSpec } from "../names/format-image-spec.ts";
import type { ImageSpec } from "../names/image-spec.ts";
import type { UndoLog } from "../undo/undo-log.ts";

/**
 * Creates the snapshot the clone will hang on, and returns its id. `image` is the source, open to be written to. `known`
 * are the ids of the snapshots that were there before: none of them is ever removed by the undo.
 */
export async function createSnapshotStep(
  cluster: Cluster,
  source: ImageSpec,
  image: Image,
  name: string,
  known: ReadonlySet<bigint>,
  undo: UndoLog,
): Promise<bigint> {
  const object = showImageSpec({ ...source, snapshot: name });
  const place = { object, what: `the snapshot ${object} could not be created` };
  undo.note(`the snapshot ${object}`, () => removeOwnSnapshot(cluster, source, name, known));
  return withCoppiceErrors(place, async () => {
    try {
      await image.createSnapshot(name);
    } catch (error) {
      // Somebody else's, made since the check.
      if (hasCode(error, "EXISTS")) undo.forgetLast();
      throw error;
    }
    try {
      return await image.snapshotId(name);
    } catch (cause) {
      if (!hasCode(cause, "NOT_FOUND")) throw cause;
      throw new CoppiceError({
        code: "SOURCE_CHANGED",
        call: "cloneImage",
        object,
        message: `the snapshot ${object} was removed right after it had been created`,
        hint: "Find out what removes snapshots of this image, and try again.",
        cause,
      });
    }
  });
}

async function removeOwnSnapshot(
  cluster: Cluster,
  source: ImageSpec,
  name: string,
  known: ReadonlySet<bigint>,
): Promise<void> {
  const ioCtx = await cluster.pool(source.pool, source.namespace);
  await using image = await ioCtx.openImage(source.image);
  const made = (await image.listSnapshots()).find((each) => each.name === name && each.namespace === "user");
  if (made === undefined || known.has(made.id)) return;
  const children = await image.listChildren(name);
  if (children.length > 0) {
    // Removing it would work (Ceph keeps it in the trash), but it has become somebody's.
    throw new CoppiceError({
      code: "BUSY",
      call: "cloneImage",
      message: `${children.length} other ${children.length === 1 ? "clone hangs" : "clones hang"} on it by now`,
    });
  }
  await image.removeSnapshot(name);
}
