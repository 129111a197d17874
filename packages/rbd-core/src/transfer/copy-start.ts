import type { Image, SnapshotEntry } from "rbd-native";
import type { Cluster } from "../cluster/cluster.ts";
import type { ImageSpec } from "../names/image-spec.ts";
import { type CopyCheckpoint, isSameCopy, readCheckpoint, writeCheckpoint } from "./copy-checkpoint.ts";
import type { Source } from "./open-source.ts";
import { prepareHead, undoHead } from "./target-head.ts";

export interface CopyTarget {
  readonly cluster: Cluster;
  readonly place: ImageSpec;
  /** Open for writing. */
  readonly image: Image;
  /** What the copy builds on. */
  readonly from: SnapshotEntry | undefined;
  readonly source: Source;
}

export interface CopyStart {
  readonly checkpoint: CopyCheckpoint;
  readonly resumedAt: number;
  readonly rolledBack: boolean;
}

/**
 * Makes a target's head ready for a copy: it goes on where the same copy was interrupted; otherwise the head is made
 * to hold what the from-snapshot holds, or nothing. Notes which copy it is before the first byte is written.
 *
 * @throws {CoppiceError} `NOT_EMPTY`
 */
export async function startCopy(target: CopyTarget, signal?: AbortSignal): Promise<CopyStart> {
  const { cluster, place, image, from, source } = target;
  const { fsid, poolId, imageId } = source.identity;
  const wanted: CopyCheckpoint = {
    version: 1,
    fsid,
    poolId,
    imageId,
    from: source.from === undefined ? null : String(source.from.id),
    to: String(source.to.id),
    targetFrom: from === undefined ? null : String(from.id),
    done: 0,
  };
  const found = await readCheckpoint(image);
  if (found !== undefined && isSameCopy(found, wanted)) {
    return { checkpoint: found, resumedAt: found.done, rolledBack: false };
  }
  // What an interrupted copy from nothing left behind is nobody's.
  const isLeftover = found !== undefined && found.targetFrom === null && from === undefined;
  if (isLeftover) await undoHead(image, undefined, await image.size({ signal }));
  const rolledBack = await prepareHead(cluster, place, image, from, signal);
  await writeCheckpoint(image, wanted);
  return { checkpoint: wanted, resumedAt: 0, rolledBack: rolledBack || isLeftover };
}
