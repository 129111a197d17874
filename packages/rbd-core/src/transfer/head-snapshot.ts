import { randomUUID } from "node:crypto";
import type { SnapshotEntry } from "rbd-native";
import type { Cluster } from "../cluster/cluster.ts";
import { openImage } from "../image/open-image.ts";
import type { ImageSpecLike } from "../names/to-image-spec.ts";

/** A snapshot that stands for an image's head while it is read. */
export interface HeadSnapshot extends AsyncDisposable {
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
 * @param options `name`: of one that an interrupted copy may have taken already; then it stands for the head still.
 * @throws {CoppiceError} `NOT_FOUND`; RbdError
 */
export async function takeHeadSnapshot(
  cluster: Cluster,
  image: ImageSpecLike,
  options: { readonly name?: string; readonly signal?: AbortSignal | undefined } = {},
): Promise<HeadSnapshot> {
  const { name = newHeadName() } = options;
  const opened = await openImage(cluster, image);
  const remove = async () => {
    try {
      if (await opened.snapshotExists(name)) await opened.removeSnapshot(name);
    } finally {
      await opened.close();
    }
  };
  try {
    options.signal?.throwIfAborted();
    if (options.name === undefined || !(await opened.snapshotExists(name))) await opened.createSnapshot(name);
  } catch (error) {
    await remove();
    throw error;
  }
  return { name, [Symbol.asyncDispose]: remove };
}

/** The user's snapshots that are older than one taken of the head, oldest first; without others' of the head. */
export async function snapshotsBefore(
  cluster: Cluster,
  image: ImageSpecLike,
  head: string,
): Promise<SnapshotEntry[]> {
  await using opened = await openImage(cluster, image, { readOnly: true });
  const snapshots = (await opened.listSnapshots()).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const end = snapshots.findIndex(({ name }) => name === head);
  return snapshots.slice(0, end).filter(({ name, namespace }) => namespace === "user" && !isHeadName(name));
}
