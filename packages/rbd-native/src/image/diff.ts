import { native } from "../internal/binding.ts";
import { type CallOptions, toRbdError } from "../internal/call.ts";
import { checkBits, checkCount, checkInside, checkName } from "../internal/check.ts";
import type { DiffRef } from "../internal/native-types.ts";
import type { OpenImage } from "./open-image.ts";

export interface DiffOptions extends CallOptions {
  /** The older snapshot, by name or (see `features().diffFromSnapshotId`) by id; without it everything that is allocated is reported. */
  readonly from?: string | bigint | undefined;
  /** Where to begin; 0 without it. */
  readonly offset?: number | undefined;
  /** How far; to the end without it. */
  readonly length?: number | undefined;
  /** Without `from`: also what a clone still shares with its parent. */
  readonly includeParent?: boolean | undefined;
  /** Whole objects instead of bytes: fast with the fast-diff feature. */
  readonly wholeObject?: boolean | undefined;
}

/** Some extents of a diff, in the order of their offsets. */
export class DiffExtents {
  readonly #triples: Float64Array;
  /** How many extents. */
  readonly count: number;

  constructor(triples: Float64Array) {
    this.#triples = triples;
    this.count = triples.length / 3;
  }

  /** Bytes from the start of the image. */
  offset(i: number): number {
    return this.#triples[3 * i] as number;
  }

  /** Bytes. */
  length(i: number): number {
    return this.#triples[3 * i + 1] as number;
  }

  /** True for data, false for a hole where there was data. */
  exists(i: number): boolean {
    return this.#triples[3 * i + 2] === 1;
  }
}

export async function* diffIterate(image: OpenImage, o: DiffOptions = {}): AsyncGenerator<DiffExtents, void> {
  const call = typeof o.from === "bigint" ? "rbd_diff_iterate3" : "rbd_diff_iterate2";
  const { signal } = o;
  signal?.throwIfAborted();
  if (typeof o.from === "bigint") checkBits(call, image.spec, "from", o.from);
  else if (o.from !== undefined) checkName(call, image.spec, "from", o.from);
  const offset = checkCount(call, image.spec, "offset", o.offset ?? 0);
  const imageSize = await image.readSize({ signal });
  const length = checkCount(call, image.spec, "length", o.length ?? Math.max(0, imageSize - offset));
  checkInside(call, image.spec, offset, length, imageSize);
  const operation = native.createOperation(undefined);
  const { stream, ended } = native.startDiff(
    image.handle,
    o.from,
    offset,
    length,
    o.includeParent === true,
    o.wholeObject === true,
    operation,
  );
  const abort = () => native.cancelOperation(operation);
  signal?.addEventListener("abort", abort, { once: true });
  // The `await` below reports its failure; until then an unhandled rejection must not be raised.
  ended.catch(() => {});
  try {
    yield* batches(stream, signal);
    await ended;
  } catch (error) {
    throw toRbdError(error, image.spec);
  } finally {
    signal?.removeEventListener("abort", abort);
    native.stopDiff(stream);
    // The call ends with its next callback; leaving the loop early does not wait for it.
  }
}

async function* batches(stream: DiffRef, signal: AbortSignal | undefined): AsyncGenerator<DiffExtents, void> {
  while (true) {
    const triples = await native.nextDiffBatch(stream);
    signal?.throwIfAborted();
    if (triples === null) return;
    yield new DiffExtents(triples);
    signal?.throwIfAborted();
  }
}
