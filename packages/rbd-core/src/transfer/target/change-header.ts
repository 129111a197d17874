import { type Image, type IoCtx, type WriteStep, writeSteps } from "rbd-native";
import { encodeText, encodeU32, encodeU64, headerObject } from "../../headers/index.ts";
import type { Target } from "./open-target.ts";

/** What a transfer changes in its target's header. */
export type HeaderChange =
  | { readonly type: "set"; readonly key: string; readonly value: string }
  | { readonly type: "remove"; readonly key: string }
  | { readonly type: "rename"; readonly id: bigint; readonly from: string; readonly to: string };

/**
 * Changes a target's metadata and its snapshots' names: all at once or nothing of it, in one round trip where librbd
 * takes three for each. Not so where there is a journal, which has to hear of it: then librbd does it, one after the
 * other. The handle does not learn new names.
 *
 * @param target Its lock is held, where it has one.
 * @throws RbdError
 */
export async function changeHeader(
  { image, ioCtx, hasJournal }: Pick<Target, "image" | "ioCtx" | "hasJournal">,
  changes: readonly HeaderChange[],
): Promise<void> {
  if (!hasJournal) return await writeHeader(ioCtx, image.id, changes);
  for (const change of changes) await byLibrbd(image, change);
}

/**
 * The same of an image that is not open, and has no journal.
 *
 * @param id The image's.
 * @throws RbdError `NOT_FOUND` when there is no such image any more
 */
export async function writeHeader(ioCtx: IoCtx, id: string, changes: readonly HeaderChange[]): Promise<void> {
  await ioCtx.objects.write(headerObject(id), [writeSteps.assertExists(), ...changes.map(stepOf)]);
}

/** Methods of the class `rbd`, as librbd calls them (`cls_rbd_client`). */
function stepOf(change: HeaderChange): WriteStep {
  switch (change.type) {
    case "set":
      return writeSteps.exec(
        "rbd",
        "metadata_set",
        Buffer.concat([encodeU32(1), encodeText(change.key), encodeText(change.value)]),
      );
    case "remove":
      return writeSteps.exec("rbd", "metadata_remove", encodeText(change.key));
    case "rename":
      return writeSteps.exec(
        "rbd",
        "snapshot_rename",
        Buffer.concat([encodeU64(change.id), encodeText(change.to)]),
      );
  }
}

async function byLibrbd(image: Image, change: HeaderChange): Promise<void> {
  switch (change.type) {
    case "set":
      return await image.setMetadata(change.key, change.value);
    case "remove":
      return await image.removeMetadata(change.key);
    case "rename":
      return await image.renameSnapshot(change.from, change.to);
  }
}
