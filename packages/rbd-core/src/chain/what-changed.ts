import type { Cluster } from "../cluster/index.ts";
import { shrinksBetween } from "../diff/index.ts";
import { CoppiceError, withCoppiceErrors } from "../errors/index.ts";
import { imageLayout } from "../headers/index.ts";
import { findImage, type HeldImage, type ImageById } from "../inventory/index.ts";
import type { ImageSpecLike } from "../names/index.ts";
import { type Extents, normalizeExtents, sumOfExtents } from "./chain-sizes.ts";
import { readObjectMaps } from "./read-object-maps.ts";
import { collectExtents } from "./read-point-diffs.ts";

export interface WhatChangedOptions {
  /**
   * Name of the older user snapshot. Without it all of the image's own data is reported; of a clone, that does not
   * include the data that it shares with its parent.
   */
  from?: string | undefined;
  /** Name of the newer snapshot. Default: HEAD in its current state. */
  to?: string | undefined;
  /** The number of equal parts in `strip`. Default 256. */
  buckets?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** The difference between two points of an image. */
export interface WhatChanged {
  /** `pool/[namespace/]image` */
  spec: string;
  /** `null`: the creation of the image. */
  from: string | null;
  /** `null`: HEAD. */
  to: string | null;
  /** Size of the image at the newer point, in bytes. */
  size: number;
  /** Ranges that were written. */
  written: Extents;
  /** Ranges that had data and read as zeros now. */
  discarded: Extents;
  writtenBytes: number;
  discardedBytes: number;
  /** The changed bytes in each of `buckets` equal parts of the image. */
  strip: number[];
}

/**
 * Finds what changed between two points of an image, to the byte. Read-only. (`rbd_diff_iterate2`)
 *
 * @throws {CoppiceError} `NOT_FOUND` for the image or a snapshot; `INVALID_ARGUMENT` when `from` is not older than `to`
 * or is not a user snapshot
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
      message: `${spec} cannot be compared from ${from.name} to ${to?.name ?? "HEAD"}`,
      hint: "Compare a user snapshot with a later snapshot, or with HEAD.",
    });
  }
  return withCoppiceErrors({ object: spec, what: `the changes of ${spec} could not be read` }, async () => {
    const { state } = await readObjectMaps(held, signal);
    const size = to?.size ?? header.size;
    await using opened = await held.place.ioCtx.openImage({ id: held.id }, { readOnly: true, signal });
    await opened.setSnapshot(to?.id ?? null, { signal });
    const shrank = from !== undefined && shrinksBetween(header.snapshots, from, { id: to?.id ?? null, size });
    const fastDiff = state.state === "valid" && !shrank;
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

function snapshotOf({ header, spec }: HeldImage, name: string) {
  const found = header.snapshots.find((snapshot) => snapshot.name === name);
  if (found !== undefined) return found;
  throw new CoppiceError({
    code: "NOT_FOUND",
    call: "whatChanged",
    object: `${spec}@${name}`,
    message: `${spec} has no snapshot ${JSON.stringify(name)}`,
    hint: "Check the name; the snapshot may have been removed or renamed.",
  });
}

/**
 * Divides an image of `size` bytes into `buckets` parts of equal length, and counts the bytes of each part that the
 * extents cover. The extents may come in any order and must not overlap.
 *
 * @throws {RangeError} when `buckets` is not a whole number above 0
 */
export function strip(extents: Extents, size: number, buckets: number): number[] {
  if (!Number.isSafeInteger(buckets) || buckets < 1) throw new RangeError(`a strip of ${buckets} buckets`);
  const bytes = new Array<number>(buckets).fill(0);
  const edge = (bucket: number) => Math.round((size / buckets) * bucket);
  for (let at = 0; at < extents.length; at += 2) {
    let offset = extents[at] as number;
    const end = Math.min(size, offset + (extents[at + 1] as number));
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
