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
import { type ObjectMapsState, readObjectMaps } from "./read-object-maps.ts";
import { readPointDiffs } from "./read-point-diffs.ts";

/**
 * A number of bytes, and how it was measured:
 * - `estimated`: from object maps, like `rbd du`. An object counts as a whole even if a single byte of it was written, so
 *   that the estimate is never below the exact number.
 * - `exact`: from a byte-accurate diff.
 */
export interface Measure {
  bytes: number;
  accuracy: "estimated" | "exact";
}

/** A snapshot, or HEAD, as a point in the history of an image. A measure is `null` when it cannot be determined. */
export interface ChainPoint {
  /** `null`: HEAD. */
  snapshot: { id: bigint; name: string; kind: SnapshotKind; protected: boolean; createdAt: Date } | null;
  /** Size of the image at this point, in bytes. */
  size: number;
  /** The data at this point that was written since the previous point. `rbd du` calls this used. */
  own: Measure | null;
  /** All differences from the previous point: `own`, and the data that was discarded or cut off in between. */
  delta: Measure | null;
  /** The space that removing only this snapshot would free. `null` for HEAD. */
  freedIfRemoved: Measure | null;
}

/** The snapshots of an image and HEAD, with the space that each of them uses. */
export interface SnapshotChain {
  /** `pool/[namespace/]image` */
  spec: string;
  /** When the image was read; HEAD may have changed since. */
  readAt: Date;
  objectMaps: ObjectMapsState;
  /** Oldest first, HEAD last. */
  points: ChainPoint[];
  /** The space that removing the image with all its snapshots would free. Its clones would have to be removed first. */
  freedIfImageRemoved: Measure | null;
}

export interface SnapshotChainOptions {
  /**
   * Measure to the byte, with diffs that take time in proportion to the data that was written. Default: estimate from the
   * object maps.
   */
  exact?: boolean | undefined;
  /**
   * Measures only these points, by the ids of their snapshots, `null` for HEAD: what a list of a thousand snapshots needs for
   * the rows in view. Ids that the image does not have are ignored. The measures of all other points are `null`, and so is
   * `freedIfImageRemoved`; `objectMaps` is about the maps that were needed. Default: all points.
   */
  only?: readonly (bigint | null)[] | undefined;
  signal?: AbortSignal | undefined;
  /** With `exact`: called with the number of measured points. */
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
}

/**
 * Measures how much data each snapshot of an image holds, how much it differs from the one before, and how much space
 * removing it would free. Read-only.
 *
 * The estimate reads one object map for each point, and agrees with `rbd du` (for images with user snapshots only, since
 * `rbd du` ignores all others). If an object map cannot be used, the estimate is `null`, and `objectMaps` says why and
 * what to do. `exact` works without object maps.
 *
 * ```ts
 * const { points } = await snapshotChain(cluster, "rbd/vm-1");
 * for (const { snapshot, own } of points) console.log(snapshot?.name ?? "HEAD", own?.bytes);
 * ```
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
      const wanted = wantedPoints(held, options.only);
      const { state, maps } = await readObjectMaps(held, signal, around(wanted, -1, 1));
      const measured = options.exact
        ? exactChain(await readPointDiffs(held, maps, { ...options, points: around(wanted, 0, 1) }))
        : estimateChain(
            imageLayout(held.header),
            sizes(held).map((size, at) => ({ size, map: maps[at] ?? null })),
          );
      const accuracy = options.exact ? "exact" : "estimated";
      const measure = (bytes: number | null | undefined): Measure | null =>
        bytes === null || bytes === undefined ? null : { bytes, accuracy };
      const points = sizes(held).map((size, at): ChainPoint => {
        const snapshot = held.header.snapshots[at];
        const numbers = wanted === null || wanted.has(at) ? measured[at] : undefined;
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

/** The positions of these points in the chain, oldest first; `null`: all. */
function wantedPoints({ header }: HeldImage, only: SnapshotChainOptions["only"]): Set<number> | null {
  if (only === undefined) return null;
  const ids = new Set(only);
  const points = [...header.snapshots.map(({ id }) => id), null];
  return new Set(points.flatMap((id, at) => (ids.has(id) ? [at] : [])));
}

/** The wanted points, and those from `first` before to `last` after each: what they are compared with. */
function around(wanted: Set<number> | null, first: number, last: number): Set<number> | null {
  if (wanted === null) return null;
  const near = new Set<number>();
  for (const at of wanted) for (let offset = first; offset <= last; offset++) near.add(at + offset);
  return near;
}

/** The image's size at each snapshot, oldest first, and at HEAD. */
function sizes({ header }: HeldImage): number[] {
  return [...header.snapshots.map(({ size }) => size), header.size];
}

/** Every version of every object belongs to exactly one point, so that the sum is all the data of the image. */
function sumOfOwn(points: readonly ChainPoint[]): Measure | null {
  let bytes = 0;
  for (const { own } of points) {
    if (own === null) return null;
    bytes += own.bytes;
  }
  return { bytes, accuracy: points[0]?.own?.accuracy ?? "exact" };
}
