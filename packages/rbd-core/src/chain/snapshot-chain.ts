import type { Cluster } from "../cluster/index.ts";
import { withCoppiceErrors } from "../errors/index.ts";
import { imageLayout } from "../headers/index.ts";
import {
  findImage,
  type HeldImage,
  type ImageById,
  type SnapshotKind,
  snapshotRow,
} from "../inventory/index.ts";
import type { ImageSpecLike } from "../names/index.ts";
import { estimateChain, exactChain } from "./chain-sizes.ts";
import { readObjectMaps } from "./read-object-maps.ts";
import { readPointDiffs } from "./read-point-diffs.ts";

/**
 * A number of bytes, and how it was found:
 * - `estimated`: from object maps. An object counts whole as soon as one byte of it was written, so the estimate
 *   is never less than the exact number. What `rbd du` shows.
 * - `exact`: from a byte-accurate diff.
 */
export interface Measure {
  bytes: number;
  accuracy: "estimated" | "exact";
}

/** A snapshot, or HEAD, as a point in an image's history. A measure is `null` when it cannot be told. */
export interface ChainPoint {
  /** `null`: HEAD. */
  snapshot: { id: bigint; name: string; kind: SnapshotKind; protected: boolean; createdAt: Date } | null;
  /** Size of the image at this point, in bytes. */
  size: number;
  /** What is here and was written since the point before. What `rbd du` calls used. */
  own: Measure | null;
  /** All that differs from the point before: `own`, and what was discarded or cut off in between. */
  delta: Measure | null;
  /** What removing this snapshot alone would free. `null` for HEAD. */
  freedIfRemoved: Measure | null;
}

/**
 * Whether the object maps, from which estimates are made, can be used:
 * - `valid`: yes.
 * - `absent`: the image has no object map or no fast-diff.
 * - `invalid`: Ceph itself says that a map is out of step; `points` names which (`null`: HEAD).
 * - `unreadable`: a map is missing or damaged although its flag says it is fine.
 */
export type ObjectMapsState =
  | { state: "valid" }
  | { state: "absent"; remedy: string }
  | { state: "invalid" | "unreadable"; points: (string | null)[]; remedy: string };

/** An image's snapshots and HEAD, and what each of them holds. */
export interface SnapshotChain {
  /** `pool/[namespace/]image` */
  spec: string;
  /** When it was read: HEAD moves on. */
  readAt: Date;
  objectMaps: ObjectMapsState;
  /** Oldest first, HEAD last. */
  points: ChainPoint[];
  /** What removing the image with all its snapshots would free; clones would have to go first. */
  freedIfImageRemoved: Measure | null;
}

export interface SnapshotChainOptions {
  /**
   * Measure to the byte by diffs, which takes time in proportion to what was written. Default: estimate from
   * the object maps.
   */
  exact?: boolean;
  signal?: AbortSignal;
  /** With `exact`: how many points were measured. */
  onProgress?(progress: { done: number; total: number }): void;
}

/**
 * What each snapshot of an image holds, changes, and would free, and HEAD too. Changes nothing.
 *
 * The estimate reads one object map a point and agrees with `rbd du` (for an image with user snapshots only;
 * `rbd du` leaves out the others). Where object maps cannot be used, the estimate is `null` and `objectMaps`
 * says why and what to do; `exact` does without them.
 *
 * @throws {CoppiceError} `NOT_FOUND`, `UNSUPPORTED` (format 1), `IO`
 */
export async function snapshotChain(
  cluster: Cluster,
  image: ImageSpecLike | ImageById,
  options: SnapshotChainOptions = {},
): Promise<SnapshotChain> {
  const { signal } = options;
  const readAt = new Date();
  const held = await findImage(cluster, image, signal);
  const { spec } = held;
  return withCoppiceErrors(
    { object: spec, what: `the snapshots of ${spec} could not be measured` },
    async () => {
      const { state, maps } = await readObjectMaps(held, signal);
      const measured = options.exact
        ? exactChain(await readPointDiffs(held, maps, options))
        : estimateChain(
            imageLayout(held.header),
            sizes(held).map((size, at) => ({ size, map: maps[at] ?? null })),
          );
      const accuracy = options.exact ? "exact" : "estimated";
      const measure = (bytes: number | null | undefined): Measure | null =>
        bytes === null || bytes === undefined ? null : { bytes, accuracy };
      const points = sizes(held).map((size, at): ChainPoint => {
        const snapshot = held.header.snapshots[at];
        const numbers = measured[at];
        return {
          snapshot: snapshot === undefined ? null : snapshotRow(snapshot),
          size,
          own: measure(numbers?.own),
          delta: measure(numbers?.delta),
          freedIfRemoved: snapshot === undefined ? null : measure(numbers?.freedIfRemoved),
        };
      });
      return { spec, readAt, objectMaps: state, points, freedIfImageRemoved: sumOfOwn(points) };
    },
  );
}

/** The image's size at each snapshot, oldest first, and at HEAD. */
function sizes({ header }: HeldImage): number[] {
  return [...header.snapshots.map(({ size }) => size), header.size];
}

/** Every version of every object belongs to exactly one point, so all that an image holds is their sum. */
function sumOfOwn(points: readonly ChainPoint[]): Measure | null {
  let bytes = 0;
  for (const { own } of points) {
    if (own === null) return null;
    bytes += own.bytes;
  }
  return { bytes, accuracy: points[0]?.own?.accuracy ?? "exact" };
}
