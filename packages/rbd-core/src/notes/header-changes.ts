import { type Image, type IoCtx, type WriteStep, writeSteps } from "rbd-native";
import { encodeText, encodeU32, encodeU64, headerObject } from "../headers/index.ts";

/** A change to an image's header: to one key of its metadata, or to the name of one of its snapshots. */
export type HeaderChange =
  | { readonly type: "set"; readonly key: string; readonly value: string }
  | { readonly type: "remove"; readonly key: string }
  | { readonly type: "rename"; readonly id: bigint; readonly from: string; readonly to: string };

/** An open image whose header is to be changed. */
interface OpenImage {
  readonly image: Image;
  readonly ioCtx: IoCtx;
  /** Whether the image has the feature `journaling`: then every change has to be written to its journal first. */
  readonly hasJournal: boolean;
}

/**
 * Makes several changes to an image's header, in order: all of them or none, in one round trip where librbd takes three
 * for each. With a journal librbd makes them instead, one after the other, because the journal has to record each. The
 * image's handle keeps the old names of renamed snapshots.
 *
 * @param open The caller holds the image's exclusive lock, where the image has one.
 * @throws RbdError
 */
export async function changeHeader(
  { image, ioCtx, hasJournal }: OpenImage,
  changes: readonly HeaderChange[],
): Promise<void> {
  if (!hasJournal) return await writeHeader(ioCtx, image.id, changes);
  for (const change of changes) await changeThroughLibrbd(image, change);
}

/**
 * Makes several changes to the header of an image that need not be open and has no journal: all of them or none.
 *
 * @param id The image's id.
 * @throws RbdError `NOT_FOUND` when the image was removed
 */
export async function writeHeader(ioCtx: IoCtx, id: string, changes: readonly HeaderChange[]): Promise<void> {
  await ioCtx.objects.write(headerObject(id), [writeSteps.assertExists(), ...changes.map(stepOf)]);
}

/** Methods of the object class `rbd`, as librbd calls them (`cls_rbd_client`). */
function stepOf(change: HeaderChange): WriteStep {
  switch (change.type) {
    case "set": {
      const input = Buffer.concat([encodeU32(1), encodeText(change.key), encodeText(change.value)]);
      return writeSteps.exec("rbd", "metadata_set", input);
    }
    case "remove":
      return writeSteps.exec("rbd", "metadata_remove", encodeText(change.key));
    case "rename": {
      const input = Buffer.concat([encodeU64(change.id), encodeText(change.to)]);
      return writeSteps.exec("rbd", "snapshot_rename", input);
    }
  }
}

async function changeThroughLibrbd(image: Image, change: HeaderChange): Promise<void> {
  switch (change.type) {
    case "set":
      return await image.setMetadata(change.key, change.value);
    case "remove":
      return await image.removeMetadata(change.key);
    case "rename":
      return await image.renameSnapshot(change.from, change.to);
  }
}
