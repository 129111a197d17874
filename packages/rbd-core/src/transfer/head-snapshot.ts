import { randomUUID } from "node:crypto";
import type { Image, SnapshotEntry } from "rbd-native";

/** A snapshot that is read in place of an image's head, which may change meanwhile. */
interface HeadSnapshot extends AsyncDisposable {
  readonly name: string;
}

const prefix = "coppice-head-";

export function newHeadName(): string {
  return `${prefix}${randomUUID()}`;
}

/**
 * Takes a snapshot of the head, because a head may change while it is read. Disposing removes the snapshot.
 *
 * @param image Stays open for writing as long as the snapshot is used.
 * @param options `name`: the name of a snapshot that an interrupted copy may have taken already, and that is then used
 * again.
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
 * The user's snapshots that are older than a snapshot taken of the head, oldest first. Head snapshots of other transfers
 * are left out.
 *
 * @throws RbdError
 */
export async function snapshotsBefore(image: Image, head: string): Promise<SnapshotEntry[]> {
  const snapshots = (await image.listSnapshots()).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const end = snapshots.findIndex(({ name }) => name === head);
  return snapshots
    .slice(0, end)
    .filter(({ name, namespace }) => namespace === "user" && !name.startsWith(prefix));
}
