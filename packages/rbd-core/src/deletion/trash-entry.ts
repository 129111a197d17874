import { type IoCtx, RbdError, writeSteps } from "rbd-native";
import { hasCode } from "../errors/index.ts";
import {
  decodeTrashEntry,
  decodeValue,
  directoryIdKey,
  directoryObject,
  encodeText,
  ignoreNotFound,
  imageIdObject,
  readImageId,
  readOmapValue,
  type TrashHeader,
  trashObject,
} from "../headers/index.ts";
import { hasHeader } from "../image/index.ts";

/** Where an image stands in its pool and namespace. */
export interface Whereabouts {
  /** The name under which it is listed; `null` when it has none. */
  name: string | null;
  /** Its entry in the trash. While it is being moved there or restored it can have a name as well. */
  trash: TrashHeader | null;
  /** Whether it can be opened. One whose removal or creation was interrupted may have lost its header. */
  hasHeader: boolean;
}

/** Finds an image by its id. `null` when nothing of it is listed any more. @throws {RbdError} */
export async function locateImage(ioCtx: IoCtx, id: string): Promise<Whereabouts | null> {
  const key = directoryIdKey(id);
  const listed = await readOmapValue(ioCtx, directoryObject, key, undefined);
  // The trash is read last, so that an image that is moved there meanwhile is found.
  const trashed = await readOmapValue(ioCtx, trashObject, key, undefined);
  if (listed === null && trashed === null) return null;
  return {
    name: listed === null ? null : decodeValue(key, listed, (reader) => reader.string(), true),
    trash: trashed === null ? null : decodeTrashEntry(key, trashed),
    hasHeader: await hasHeader(ioCtx, id),
  };
}

/** In the order of Ceph's numbers. (`cls::rbd::TrashImageState`) */
const states = { normal: 0, moving: 1 } as const;

/**
 * Finishes a move to the trash that was interrupted, on exactly this image: Ceph lists the entry as `moving` then, and
 * neither removes nor restores it. Takes the steps that librbd takes after the entry is written: the name goes, then the
 * listing, then the state becomes `normal`. (`librbd::trash::MoveRequest`)
 *
 * @throws {RbdError}
 */
export async function finishTrashMove(ioCtx: IoCtx, { imageId, name }: TrashHeader): Promise<void> {
  const holder = await ignoreNotFound(() => readImageId(ioCtx, name, undefined));
  if (holder === imageId) {
    // Only while it still holds this id: another image may get the name meanwhile.
    const content = encodeText(imageId);
    const steps = [writeSteps.compareData(0, content), writeSteps.remove()];
    await unlessGone(() => ioCtx.objects.write(imageIdObject(name), steps));
  }
  const listing = Buffer.concat([encodeText(name), encodeText(imageId)]);
  await unlessGone(() =>
    ioCtx.objects.write(directoryObject, [writeSteps.exec("rbd", "dir_remove_image", listing)]),
  );
  const state = Buffer.concat([encodeText(imageId), Buffer.from([states.normal, states.moving])]);
  await unlessGone(() =>
    ioCtx.objects.write(trashObject, [writeSteps.exec("rbd", "trash_state_set", state)]),
  );
}

/** What Ceph answers when the entry is not what it was expected to be: whoever was quicker has changed it. */
const stale = 116;

async function unlessGone(action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    const isGone = hasCode(error, "NOT_FOUND") || hasCode(error, "MISMATCH");
    if (!isGone && !(error instanceof RbdError && error.errno === stale)) throw error;
  }
}

/** How long a move to the trash that another client has begun is taken to be under way: it takes milliseconds. */
const movingMilliseconds = 30_000;

/** Whether an image is on its way to the trash just now, so that it is left alone. */
export function isJustMoving({ state, deletedAt }: Pick<TrashHeader, "state" | "deletedAt">): boolean {
  return state === "moving" && deletedAt !== null && Date.now() - deletedAt.getTime() < movingMilliseconds;
}

/**
 * Removes an image from the trash that has no header any more: there is nothing to open, and so nobody can use it.
 * Returns whether it was one. (`rbd_trash_remove`)
 *
 * @throws {RbdError}
 */
export async function removeHeaderless(ioCtx: IoCtx, id: string): Promise<boolean> {
  const found = await locateImage(ioCtx, id);
  if (found === null || found.trash === null || found.hasHeader) return false;
  if (found.trash.state === "moving") await finishTrashMove(ioCtx, found.trash);
  await ignoreNotFound(() => ioCtx.trashRemove(id, { force: true }));
  return true;
}
