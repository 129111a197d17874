import type { Cluster } from "../cluster/index.ts";
import { CoppiceError, withCoppiceErrors } from "../errors/index.ts";
import { imageLayout, type SnapshotHeader } from "../headers/index.ts";
import { findImage, type HeldImage, type ImageById } from "../inventory/index.ts";
import type { ImageSpecLike } from "../names/index.ts";
import { type Extents, normalizeExtents, sumOfExtents } from "./chain-sizes.ts";
import { readObjectMaps } from "./read-object-maps.ts";
import { collectExtents } from "./read-point-diffs.ts";

export interface WhatChangedOptions {
  /**
   * The older point: a user snapshot's name. Default: nothing, so that all of the image's own data is reported (of
   * a clone, without what it still shares with its parent).
   */
  from?: string;
  /** The newer point: a snapshot's name. Default: HEAD as it is at this moment. */
  to?: string;
  /** How many stretches to draw. Default 256. */
  buckets?: number;
  signal?: AbortSignal;
}

export interface WhatChanged {
  /** `pool/[namespace/]image` */
  spec: string;
  from: string | null;
  to: string | null;
  /** Size of the image at the newer point, in bytes. */
  size: number;
  /** Data that was written, ascending. */
  written: Extents;
  /** What had data and reads as zeros now, ascending. */
  discarded: Extents;
  writtenBytes: number;
  discardedBytes: number;
  /** Bytes changed in each of `buckets` stretches of equal length. */
  strip: number[];
}

/**
 * What changed between two points of an image, to the byte, with a strip to draw. Changes nothing.
 *
 * @throws {CoppiceError} `NOT_FOUND` for the image or a snapshot; `INVALID_ARGUMENT` when `from` is not older
 * than `to`, or is no user snapshot
 */
export async function whatChanged(
  cluster: Cluster,
  image: ImageSpecLike | ImageById,
  options: WhatChangedOptions = {},
): Promise<WhatChanged> {
  const { signal, buckets = 256 } = options;
  const held = await findImage(cluster, image, signal);
  const { header, spec } = held;
  const from = options.from === undefined ? undefined : snapshotOf(held, options.from);
  const to = options.to === undefined ? undefined : snapshotOf(held, options.to);
  if (from !== undefined && (from.namespace.kind !== "user" || (to !== undefined && from.id >= to.id))) {
    throw new CoppiceError({
      code: "INVALID_ARGUMENT",
      call: "whatChanged",
      object: `${spec}@${from.name}`,
      message: `a diff of ${spec} cannot lead from ${from.name} to ${to?.name ?? "HEAD"}`,
      hint: "It leads from a user snapshot to a later point.",
    });
  }
  return withCoppiceErrors({ object: spec, what: `what changed in ${spec} could not be read` }, async () => {
    const { state } = await readObjectMaps(held, signal);
    const size = to?.size ?? header.size;
    await using opened = await held.place.ioCtx.openImage({ id: held.id }, { readOnly: true, signal });
    await opened.setSnapshot(to?.id ?? null, { signal });
    // librbd combines the maps of all snapshots between the two ends, and forgets on the way what lay beyond the
    // end of a smaller one: data that a shrink cut off would not be reported as gone after the image grew again.
    const fastDiff = state.state === "valid" && !shrinksBetween(held, from, to);
    const layout = imageLayout(header);
    const found = await collectExtents(opened, { from: from?.name, size, layout, fastDiff, signal });
    const written = normalizeExtents(found.written);
    const discarded = normalizeExtents(found.discarded);
    return {
      spec,
      from: from?.name ?? null,
      to: to?.name ?? null,
      size,
      written,
      discarded,
      writtenBytes: sumOfExtents(written),
      discardedBytes: sumOfExtents(discarded),
      strip: strip([...written, ...discarded], size, buckets),
    };
  });
}

type Point = SnapshotHeader | undefined;

function shrinksBetween({ header }: HeldImage, from: Point, to: Point): boolean {
  if (from === undefined) return false;
  const ends = Math.min(from.size, to?.size ?? header.size);
  return header.snapshots.some(
    ({ id, size }) => id > from.id && (to === undefined || id < to.id) && size < ends,
  );
}

function snapshotOf({ header, spec }: HeldImage, name: string) {
  const found = header.snapshots.find((snapshot) => snapshot.name === name);
  if (found !== undefined) return found;
  throw new CoppiceError({
    code: "NOT_FOUND",
    call: "whatChanged",
    object: `${spec}@${name}`,
    message: `${spec} has no snapshot ${JSON.stringify(name)}`,
    hint: "Check the name; it may have been removed meanwhile.",
  });
}

/**
 * Bytes per bucket, for drawing: the image's `size` bytes in `buckets` stretches of equal length, each with how
 * many of its bytes the pieces cover. The pieces may come in any order and must not overlap.
 *
 * @throws {RangeError} when `buckets` is not a whole number above 0
 */
export function strip(pieces: Extents, size: number, buckets: number): number[] {
  if (!Number.isSafeInteger(buckets) || buckets < 1) throw new RangeError(`a strip of ${buckets} buckets`);
  const bytes = new Array<number>(buckets).fill(0);
  const edge = (bucket: number) => Math.round((size / buckets) * bucket);
  for (let at = 0; at < pieces.length; at += 2) {
    let offset = pieces[at] as number;
    const end = Math.min(size, offset + (pieces[at + 1] as number));
    let bucket = Math.min(buckets - 1, Math.floor((offset / size) * buckets));
    while (bucket > 0 && edge(bucket) > offset) bucket--;
    for (; offset < end; bucket++) {
      const stop = Math.min(end, bucket + 1 < buckets ? edge(bucket + 1) : size);
      if (stop > offset) {
        bytes[bucket] = (bytes[bucket] ?? 0) + stop - offset;
        offset = stop;
      }
    }
  }
  return bytes;
}
