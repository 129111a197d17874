import type { Image } from "rbd-native";
import type { Cluster } from "../cluster/cluster.ts";
import { hasCode, withCoppiceErrors } from "../errors/to-coppice-error.ts";
import { showImageSpec } from "../names/format-image-spec.ts";
import type { ImageSpec } from "../names/image-spec.ts";
import type { UndoLog } from "../undo/undo-log.ts";

/** Protects a snapshot of an image that is open to be written to. Returns whether that was new: another client may have been quicker. */
export async function protectStep(
  cluster: Cluster,
  source: ImageSpec,
  image: Image,
  name: string,
  undo: UndoLog,
): Promise<boolean> {
  const object = showImageSpec({ ...source, snapshot: name });
  undo.note(`the protection of ${object}`, () => unprotect(cluster, source, name));
  return withCoppiceErrors({ object, what: `the snapshot ${object} could not be protected` }, async () => {
    try {
      await image.protectSnapshot(name);
      return true;
    } catch (error) {
      // How librbd says that the snapshot is protected already.
      if (!hasCode(error, "BUSY")) throw error;
      undo.forgetLast();
      return false;
    }
  });
}

async function unprotect(cluster: Cluster, source: ImageSpec, name: string): Promise<void> {
  const ioCtx = await cluster.pool(source.pool, source.namespace);
  await using image = await ioCtx.openImage(source.image);
  const snapshots = await image.listSnapshots();
  if (!snapshots.some((each) => each.name === name && each.namespace === "user" && each.protected)) return;
  await image.unprotectSnapshot(name);
}
