import type { Image } from "rbd-native";
import { type ObjectMap, planDiff } from "../diff/index.ts";
import { imageLayout, type ObjectLayout } from "../headers/index.ts";
import type { HeldImage } from "../inventory/index.ts";
import type { PointDiff } from "./chain-sizes.ts";

interface PointDiffOptions {
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
}

/**
 * The byte-accurate diffs between neighbouring points of an image, oldest first, HEAD last. HEAD may move on
 * while it is read. One whose older end is not a user snapshot is `null`: librbd can only begin a diff at those.
 *
 * @param maps the object maps that can be trusted, one a point
 * @throws {RbdError}
 */
export async function readPointDiffs(
  held: HeldImage,
  maps: readonly (ObjectMap | null)[],
  { signal, onProgress }: PointDiffOptions,
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
    if (before !== undefined && before.kind !== "user") {
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

/** The pieces with data that an older point has beyond `end`. */
async function cutOffData(
  image: Image,
  before: { id: bigint | null; size: number },
  end: number,
  signal: AbortSignal | undefined,
): Promise<number[]> {
  const pieces: number[] = [];
  if (before.size <= end) return pieces;
  await image.setSnapshot(before.id, { signal });
  for await (const batch of image.diffIterate({ offset: end, length: before.size - end, signal })) {
    for (let i = 0; i < batch.count; i++) {
      if (batch.exists(i)) pieces.push(batch.offset(i), batch.length(i));
    }
  }
  return pieces;
}

interface ExtentsQuery {
  /** The older user snapshot; without it everything with data is reported. */
  from?: string | undefined;
  /** Size of the image where the handle stands, in bytes. */
  size: number;
  layout: ObjectLayout;
  /** Whether the object maps of both ends can be trusted. */
  fastDiff: boolean;
  signal?: AbortSignal | undefined;
}

/** The pieces of a byte-accurate diff to where `image` stands, as offset, length, offset, length, … */
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
