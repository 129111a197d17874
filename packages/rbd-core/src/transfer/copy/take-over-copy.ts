import type { Image, SnapshotEntry } from "rbd-native";
import type { Cluster } from "../../cluster/cluster.ts";
import { openImage } from "../../image/open-image.ts";
import type { ImageSpec } from "../../names/image-spec.ts";
import { removeNewImage } from "../new-image/remove-new-image.ts";
import { snapshotsBefore } from "../source-image/head-snapshot.ts";
import type { ImageIdentity } from "../source-image/image-identity.ts";
import { isPointOf, readPoint } from "../target-image/point-record.ts";
import { isUnnamed } from "./copy-checkpoint.ts";
import { type IsBare, type MarkedImage, takeOver } from "./copy-mark.ts";

export interface CopyOfImage {
  readonly cluster: Cluster;
  readonly source: ImageSpec;
  /** The source, open for writing: its head is read from a snapshot. */
  readonly original: Image;
  readonly identity: ImageIdentity;
  readonly targetCluster: Cluster;
  readonly place: ImageSpec;
  readonly isBare: IsBare;
}

export interface TakenOver extends MarkedImage {
  /** Names of the snapshots that are on the target already; of all, when the mark says that it is whole. */
  readonly snapshots: ReadonlySet<string>;
}

/**
 * Finds what an interrupted copy of the same image left. Where the source does not have any more what it was made of,
 * it is removed: the new image, and the snapshot of the source's head.
 *
 * @returns Undefined when the target is to be made anew.
 * @throws {CoppiceError} `EXISTS`, `BUSY`; RbdError
 */
export async function takeOverCopy(work: CopyOfImage, signal?: AbortSignal): Promise<TakenOver | undefined> {
  const { original, identity, targetCluster, place, isBare } = work;
  const found = await takeOver(targetCluster, place, identity, isBare, signal);
  if (found === undefined) return undefined;
  try {
    if (found.isBare) return { ...found, snapshots: new Set() };
    const { head } = found.mark;
    const hasHead = await original.snapshotExists(head);
    const there = hasHead ? await snapshotsBefore(original, head) : [];
    if (found.mark.isWhole) {
      if (hasHead) await original.removeSnapshot(head);
      return { ...found, snapshots: await namesOf(targetCluster, place) };
    }
    const snapshots = await copiedOf(work, there);
    if (hasHead && snapshots !== undefined) return { ...found, snapshots };
    await removeNewImage(targetCluster, place);
    if (hasHead) await original.removeSnapshot(head);
    await found[Symbol.asyncDispose]();
    return undefined;
  } catch (error) {
    await found[Symbol.asyncDispose]();
    throw error;
  }
}

async function namesOf(cluster: Cluster, place: ImageSpec): Promise<ReadonlySet<string>> {
  await using image = await openImage(cluster, place, { readOnly: true });
  return new Set((await image.listSnapshots()).map(({ name }) => name));
}

/** The target's snapshots, if they are the first ones of the source's, by ids. */
async function copiedOf(
  { targetCluster, place, identity }: CopyOfImage,
  snapshots: readonly SnapshotEntry[],
): Promise<ReadonlySet<string> | undefined> {
  await using image = await openImage(targetCluster, place, { readOnly: true });
  const copied = (await image.listSnapshots())
    .filter(({ name }) => !isUnnamed(name))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
  for (const [i, { id, name }] of copied.entries()) {
    const snapshot = snapshots[i];
    if (snapshot?.name !== name) return undefined;
    if (!isPointOf(await readPoint(image, id), { source: identity, snapshot })) return undefined;
  }
  return new Set(copied.map(({ name }) => name));
}
