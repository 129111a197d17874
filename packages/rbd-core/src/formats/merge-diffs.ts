import { Readable } from "node:stream";
import { type ByteSource, coalesce } from "./bytes.ts";
import type { Diff, DiffHeader, DiffRecord, DiffVersion } from "./diff-record.ts";
import { FormatError } from "./format-error.ts";
import { openDiff } from "./read-diff.ts";
import { encodeDiff } from "./write-diff.ts";

export interface MergeDiffsOptions {
  /** The version to write; 1 by default. */
  readonly version?: DiffVersion | undefined;
}

/**
 * Merges a chain of diffs, oldest first, into one, without any image: a synthetic full when the first starts from
 * nothing. It streams: memory does not grow with the diffs. The result of two diffs of version 1 is byte for byte what
 * `rbd merge-diff` writes.
 *
 * @throws {FormatError} through the stream: a diff that is damaged or whose extents do not ascend,
 * `CHAIN_MISMATCH` when one does not start where the one before it ended.
 */
export function mergeDiffs(sources: readonly ByteSource[], options: MergeDiffsOptions = {}): Readable {
  return Readable.from(coalesce(merged(sources, options)), { objectMode: false });
}

async function* merged(
  sources: readonly ByteSource[],
  options: MergeDiffsOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const opened: Diff[] = [];
  try {
    for (const source of sources) opened.push(await openDiff(source));
    const whole = fold(opened);
    yield* encodeDiff(whole.header, whole.records, { version: options.version ?? 1 });
  } finally {
    for (const diff of opened) await diff[Symbol.asyncDispose]();
    // Streams that were never read from do not end by themselves.
    for (const source of sources) if (source instanceof Readable) source.destroy();
  }
}

/** Merges halves first: a record of a chain of n diffs then passes through log n merges and not n. */
function fold(parts: readonly MergePart[]): MergePart {
  const [only] = parts;
  if (only === undefined) throw new RangeError("there is no diff to merge");
  if (parts.length === 1) return only;
  const middle = Math.ceil(parts.length / 2);
  const [first, second] = [fold(parts.slice(0, middle)), fold(parts.slice(middle))];
  return { header: mergeHeaders(first.header, second.header), records: mergeRecords(first, second) };
}

/** The part of a diff that {@link mergeHeaders} and {@link mergeRecords} use. */
type MergePart = Pick<Diff, "header" | "records">;

/**
 * The header of two diffs in one.
 *
 * @throws {FormatError} `CHAIN_MISMATCH` unless the second starts at the snapshot that the first leads to.
 */
function mergeHeaders(first: DiffHeader, second: DiffHeader): DiffHeader {
  if (first.to === undefined || first.to !== second.from) {
    const end = first.to === undefined ? "the head" : JSON.stringify(first.to);
    const start = second.from === undefined ? "nothing" : JSON.stringify(second.from);
    throw new FormatError("CHAIN_MISMATCH", 0, `a diff from ${start} cannot follow one that ends at ${end}`);
  }
  const { from: _, ...rest } = second;
  return first.from === undefined ? rest : { ...rest, from: first.from };
}

/**
 * The extents of two diffs in one, ascending: all of the second, and of the first what the second does not
 * touch. Where the image was smaller in between, the first is taken to be zero, so that what stood there before
 * does not show through; what lies beyond the second's size is left out. `rbd merge-diff` makes the same.
 */
async function* mergeRecords(
  first: MergePart,
  second: MergePart,
): AsyncGenerator<DiffRecord, void, undefined> {
  const below = new DiffCursor(first.records);
  const above = new DiffCursor(second.records);
  const [size, between] = [second.header.size, first.header.size];
  let [belowEnded, aboveEnded] = [false, false];
  for (;;) {
    if (below.left === 0 && !belowEnded && !(await below.advance())) {
      belowEnded = true;
      if (between < size) below.append(between, size - between);
    }
    if (above.left === 0 && !aboveEnded && !(await above.advance())) aboveEnded = true;
    const start = aboveEnded ? size : above.offset;
    if (below.left > 0 && below.offset < start) {
      yield* below.take(Math.min(below.left, start - below.offset));
    } else if (below.left > 0 && (aboveEnded || below.offset < start + above.left)) {
      await below.drop(aboveEnded ? below.left : Math.min(below.left, start + above.left - below.offset));
    } else if (!aboveEnded) {
      yield* above.take(above.left);
    } else if (belowEnded) {
      return;
    }
  }
}

const nothing = new Uint8Array(0);

/**
 * One diff's extents, of which any number of bytes can be taken or dropped at a time. Holds one piece of data.
 */
class DiffCursor {
  readonly #records: AsyncIterator<DiffRecord, void, undefined>;
  #type: "write" | "zero" = "zero";
  #offset = 0;
  #left = 0;
  #piece: Uint8Array = nothing;

  constructor(records: AsyncIterator<DiffRecord, void, undefined>) {
    this.#records = records;
  }

  /** Where the rest of the current extent begins. */
  get offset(): number {
    return this.#offset;
  }

  /** How much of the current extent is left; 0 when {@link advance} is to be called. */
  get left(): number {
    return this.#left;
  }

  /** Goes on to the next extent. Returns false when there is none. */
  async advance(): Promise<boolean> {
    const { done, value } = await this.#records.next();
    if (done === true) return false;
    if (value.type === "data") throw new Error("data stands where an extent should");
    this.#type = value.type;
    this.#offset = value.offset;
    this.#left = value.length;
    return true;
  }

  /** Stands on a zero extent that the diff itself does not have. */
  append(offset: number, length: number): void {
    this.#type = "zero";
    this.#offset = offset;
    this.#left = length;
  }

  /** Passes on the next `count` bytes of the current extent, as records of their own. */
  async *take(count: number): AsyncGenerator<DiffRecord, void, undefined> {
    yield { type: this.#type, offset: this.#offset, length: count };
    if (this.#type === "zero") {
      this.#step(count);
      return;
    }
    for (let left = count; left > 0; ) {
      const data = await this.#data(left);
      const offset = this.#offset;
      this.#step(data.length);
      left -= data.length;
      yield { type: "data", offset, data };
    }
  }

  /** Leaves out the next `count` bytes of the current extent. */
  async drop(count: number): Promise<void> {
    if (this.#type === "write") {
      for (let left = count; left > 0; ) left -= (await this.#data(left)).length;
    }
    this.#step(count);
  }

  #step(count: number): void {
    this.#offset += count;
    this.#left -= count;
  }

  async #data(most: number): Promise<Uint8Array> {
    while (this.#piece.length === 0) {
      const { done, value } = await this.#records.next();
      if (done === true || value.type !== "data") throw new Error("a write extent ends before its data");
      this.#piece = value.data;
    }
    const taken = this.#piece.subarray(0, most);
    this.#piece = this.#piece.subarray(taken.length);
    return taken;
  }
}
