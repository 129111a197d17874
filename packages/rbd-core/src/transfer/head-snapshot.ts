import { randomUUID } from "node:crypto";
import type { Image, SnapshotEntry } from "rbd-native";

/** A snapshot that stands for an image's head while it is read. */
interface HeadSnapshot extends AsyncDisposable {
  readonly name: string;
}

const prefix = "coppice-head-";

export function newHeadName(): string {
  return `${prefix}${randomUUID()}`;
}

/** Whether a snapshot is one of these, of whichever process. */
function isHeadName(name: string): boolean {
  return name.startsWith(prefix);
}

/**
 * Takes a snapshot of the head, because a head may change while it is read. Disposing removes it.
 *
 * @param image Open for writing as long as the snapshot is used.
 * @param options `name`: of one that an interrupted copy may have taken already; then it stands for the head still.
 * @throws RbdError
 */
export async function takeHeadSnapshot(
  image: Image,
  options: { readonly name?: string; readonly signal?: AbortSignal | undefined } = {},
): Promise<HeadSnapshot> {
  const { name = newHeadName(), signal } = options;
  const remove = async () => {
    if (await image.snapshotExists(name)) await image.removeSnapshot(name);
  };
  try {
    signal?.throwIfAborted();
    if (options.name === undefined || !(await image.snapshotExists(name))) await image.createSnapshot(name);
  } catch (error) {
    await remove();
    throw error;
  }
  return { name, [Symbol.asyncDispose]: remove };
}

/**
 * The user's snapshots that are older than one taken of the head, oldest first; without others' of the head.
 *
 * @throws RbdError
 */
export async function snapshotsBefore(image: Image, head: string): Promise<SnapshotEntry[]> {
  const snapshots = (await image.listSnapshots()).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const end = snapshots.findIndex(({ name }) => name === head);
  return snapshots.slice(0, end).filter(({ name, namespace }) => namespace === "user" && !isHeadName(name));
}
