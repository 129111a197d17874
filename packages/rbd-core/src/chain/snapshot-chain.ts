import type { Cluster } from "../cluster/cluster.ts";
import { withCoppiceErrors } from "../errors/to-coppice-error.ts";
import { findImage, type HeldImage, type ImageById } from "../headers/find-image.ts";
import { snapshotRow } from "../headers/header-image.ts";
import { imageLayout } from "../headers/image-layout.ts";
import type { ImageSpecLike } from "../names/to-image-spec.ts";
import { estimateChain } from "./estimate-chain.ts";
import { exactChain } from "./exact-chain.ts";
import type { Measure } from "./measure.ts";
import { readObjectMaps } from "./read-object-maps.ts";
import { readPointDiffs } from "./read-point-diffs.ts";
import type { ChainPoint, SnapshotChain } from "./snapshot-chain-types.ts";

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
