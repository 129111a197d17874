import type { Image } from "rbd-native";
import { type ObjectMap, planDiff } from "../diff/index.ts";
import { imageLayout, type ObjectLayout } from "../headers/index.ts";
import type { HeldImage } from "../inventory/index.ts";
import type { PointDiff } from "./chain-sizes.ts";

interface PointDiffOptions {
  /** The positions of the points to read; the diffs of the others are `null`. `null`: all. */
  points: ReadonlySet<number> | null;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
}

/**
 * Reads the byte-accurate diffs between adjacent points of an image, oldest first, HEAD last. HEAD may change while it
 * is read. The diff is `null` when its older end is not a user snapshot, since librbd begins a diff at those only.
 *
 * @param maps the object map of each point; `null` when it cannot be used
 * @throws {RbdError}
 */
export async function readPointDiffs(
  held: HeldImage,
  maps: readonly (ObjectMap | null)[],
  { points: only, signal, onProgress }: PointDiffOptions,
): Promise<(PointDiff | null)[]> {
  const { header } = held;
  const layout = imageLayout(header);
  const points = [
    ...header.snapshots.map(({ id, name, size, namespace }) => ({ id, name, size, kind: namespace.kind })),
    { id: null, name: "", size: header.size, kind: "user" as const },
  ];
  await using image = await held.place.ioCtx.openImage({ id: held.id }, { readOnly: true, signal });
  const diffs: (PointDiff | null)[] = [];
  for (const [at, { id, size }] of points.entries()) {
    onProgress?.({ done: at, total: points.length });
    const before = points[at - 1];
    if (only?.has(at) === false || (before !== undefined && before.kind !== "user")) {
      diffs.push(null);
      continue;
    }
    const cutOff = before === undefined ? [] : await cutOffData(image, before, size, signal);
    await image.setSnapshot(id, { signal });
    const fastDiff = maps[at] !== null && (at === 0 || maps[at - 1] !== null);
    const query = { from: before?.name, size, layout, fastDiff, signal };
    diffs.push({ ...(await collectExtents(image, query)), cutOff });
  }
  onProgress?.({ done: points.length, total: points.length });
  return diffs;
}

/** The extents with data that an older point has beyond `end`. */
async function cutOffData(
  image: Image,
  before: { id: bigint | null; size: number },
  end: number,
  signal: AbortSignal | undefined,
): Promise<number[]> {
  const extents: number[] = [];
  if (before.size <= end) return extents;
  await image.setSnapshot(before.id, { signal });
  for await (const batch of image.diffIterate({ offset: end, length: before.size - end, signal })) {
    for (let i = 0; i < batch.count; i++) {
      if (batch.exists(i)) extents.push(batch.offset(i), batch.length(i));
    }
  }
  return extents;
}

interface ExtentsQuery {
  /** Name of the older user snapshot; without it all data is reported. */
  from?: string | undefined;
  /** Size of the image at the point that the handle is set to, in bytes. */
  size: number;
  layout: ObjectLayout;
  /** Whether the diff can rely on the object maps. */
  fastDiff: boolean;
  signal?: AbortSignal | undefined;
}

/** Collects a byte-accurate diff that ends at the point that `image` is set to. */
export async function collectExtents(
  image: Image,
  { from, size, layout, fastDiff, signal }: ExtentsQuery,
): Promise<{ written: number[]; discarded: number[] }> {
  const { objectSize, stripeCount } = layout;
  const written: number[] = [];
  const discarded: number[] = [];
  for await (const batch of planDiff(image, { from, size, objectSize, stripeCount, fastDiff, signal })) {
    for (const { offset, length, exists } of batch) (exists ? written : discarded).push(offset, length);
  }
  return { written, discarded };
}
