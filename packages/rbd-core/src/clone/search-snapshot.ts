import type { Image, IoCtx } from "rbd-native";
import type { Cluster } from "../cluster/index.ts";
import { withCoppiceErrors } from "../errors/index.ts";
import {
  DecodeError,
  decodeImageHeader,
  headerObject,
  type ParentHeader,
  readOmap,
  type SnapshotHeader,
} from "../headers/index.ts";
import { type ParentLink, readParent, type SnapshotRow } from "../inventory/index.ts";
import { showImageSpec } from "../names/index.ts";
import { ImageDeltaReader } from "./delta-reader.ts";
import type { SourceFacts } from "./source.ts";
import { deltaCandidates, findZeroDelta } from "./zero-delta.ts";

interface SearchResult {
  snapshot: SnapshotRow | null;
  /** Why this snapshot, or why none. One sentence without a full stop. */
  reason: string;
}

/** Looks for a snapshot that holds exactly the current state of the open image. */
export async function searchSnapshot(
  cluster: Cluster,
  image: Image,
  facts: SourceFacts,
  signal: AbortSignal | undefined,
  onTried: (done: number, total: number) => void,
): Promise<SearchResult> {
  const object = showImageSpec(facts.spec);
  const candidates = deltaCandidates(facts.snapshots, facts.size);
  const ioCtx = await cluster.pool(facts.spec.pool, facts.spec.namespace);
  onTried(0, candidates.length);
  const snapshot = await withCoppiceErrors(
    { object, what: `${object} could not be compared with its snapshots` },
    () =>
      findZeroDelta(new ImageDeltaReader(ioCtx, image, facts, signal), candidates, facts.size, (tried) =>
        onTried(tried, candidates.length),
      ),
  );
  if (snapshot !== null) return { snapshot, reason: "it holds exactly the current state" };
  const user = facts.snapshots.filter((each) => each.kind === "user").length;
  if (user === 0) return { snapshot, reason: "the source has no snapshot" };
  if (candidates.length === 0) return { snapshot, reason: "the source was resized since its snapshots" };
  return { snapshot, reason: "the source was written to since its newest snapshot" };
}

/** What has to be known of a snapshot before its data can be compared. */
export interface SnapshotLook {
  /** `RBD_FLAG_*` bits of its object map. */
  flags(snapshot: SnapshotRow): Promise<bigint>;
  /** Whether it lies over the same parent, with the same overlap, as the current state. */
  hasSameParent(snapshot: SnapshotRow): Promise<boolean>;
}

/** Out of the header that was read already. */
export function lookIntoHistory({ snapshots, parent }: SnapshotHistory): SnapshotLook {
  const find = (id: bigint) => snapshots.find((snapshot) => snapshot.id === id);
  const overlapOf = ({ parentOverlap, ownParent }: SnapshotHeader) =>
    // Before Nautilus each snapshot had a link of its own, perhaps to another parent.
    ownParent !== null &&
    (ownParent.imageId !== parent?.imageId || ownParent.snapshotId !== parent.snapshotId)
      ? undefined
      : parentOverlap;
  return {
    flags: async ({ id }) => find(id)?.flags ?? 0n,
    async hasSameParent({ id }) {
      const snapshot = find(id);
      return snapshot !== undefined && overlapOf(snapshot) === (parent?.headOverlap ?? null);
    },
  };
}

/**
 * Through librbd, which tells these things of the snapshot a handle is set to. The handle is set back to the
 * current state after each, and must be used for nothing else meanwhile.
 */
export function lookThroughImage(image: Image, parent: ParentLink | null): SnapshotLook {
  const at = async <T>({ id }: SnapshotRow, action: () => Promise<T>): Promise<T> => {
    await image.setSnapshot(id);
    try {
      return await action();
    } finally {
      await image.setSnapshot(null);
    }
  };
  return {
    flags: (snapshot) => at(snapshot, () => image.flags()),
    hasSameParent: async (snapshot) => sameParent(await at(snapshot, () => readParent(image)), parent),
  };
}

function sameParent(a: ParentLink | null, b: ParentLink | null): boolean {
  if (a === null || b === null) return a === b;
  return (
    a.poolName === b.poolName &&
    a.namespace === b.namespace &&
    a.imageId === b.imageId &&
    a.snapshotId === b.snapshotId &&
    a.overlap === b.overlap
  );
}

/** An image's size and snapshots at one moment. */
interface SnapshotState {
  /** Bytes. */
  size: number;
  /** Oldest first. */
  snapshots: readonly Pick<SnapshotRow, "id" | "name">[];
}

/** The same out of the image's header, which tells more of each snapshot and of those that are gone. */
export interface SnapshotHistory extends SnapshotState {
  /** The id of the newest snapshot ever made, be it removed since. */
  sequence: bigint;
  snapshots: readonly SnapshotHeader[];
  /** The parent of the current state. */
  parent: ParentHeader | null;
}

/**
 * Reads the history out of an image's header: one small read. `null` when the header cannot be understood.
 *
 * @throws {RbdError} `NOT_FOUND` when the image is gone
 */
export async function readSnapshotHistory(ioCtx: IoCtx, id: string): Promise<SnapshotHistory | null> {
  const omap = await readOmap(ioCtx, headerObject(id), undefined);
  try {
    const { snapshotSequence: sequence, size, snapshots, parent } = decodeImageHeader(omap);
    return { sequence, size, snapshots, parent };
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}

export function sameState(a: SnapshotState, b: SnapshotState): boolean {
  return (
    a.size === b.size &&
    a.snapshots.length === b.snapshots.length &&
    a.snapshots.every(({ id, name }, i) => b.snapshots[i]?.id === id && b.snapshots[i].name === name)
  );
}
