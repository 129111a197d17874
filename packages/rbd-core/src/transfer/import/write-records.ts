import { type Image, ioHints } from "rbd-native";
import { type DiffRecord, splitZeroes } from "../../formats/index.ts";
import { progressOf, type TransferOptions } from "../transfer-options.ts";

interface WriteRecordsOptions extends TransferOptions {
  /** Whether the image reads as zeroes, so that zeroes need not be written. */
  readonly isEmpty: boolean;
  /** The size of the image, for the progress, in bytes. */
  readonly total: number;
}

interface WriteCounts {
  readonly bytesWritten: number;
  readonly bytesSkipped: number;
}

/**
 * Writes the records of a diff to an image's head and flushes. Nothing is in flight any more when it rejects.
 *
 * @throws RbdError, or what `records` throws
 */
export async function writeRecords(
  image: Image,
  records: AsyncIterable<DiffRecord>,
  options: WriteRecordsOptions,
): Promise<WriteCounts> {
  const { isEmpty, total, signal } = options;
  const window = new WriteWindow(image, isEmpty);
  const counts = () => ({ bytesWritten: window.bytesWritten, bytesSkipped: window.bytesSkipped });
  const progress = progressOf(total, options);
  const report = (phase: "copying" | "finishing", done: number) =>
    progress(phase, done, { bytesRead: 0, ...counts() });
  let failure: { readonly error: unknown } | undefined;
  try {
    await applyRecords(records, window, signal, (offset) => report("copying", offset));
  } catch (error) {
    failure = { error };
  }
  try {
    await window.settle();
  } catch (error) {
    // The first failure is the cause. If a write failed before the last record, applyRecords has thrown it.
    failure ??= { error };
  }
  if (failure !== undefined) throw failure.error;
  await image.flush({ signal });
  report("finishing", total);
  return counts();
}

/** Data is gathered up to the next multiple of this many bytes before it is written. */
const block = 4 * 1024 ** 2;

async function applyRecords(
  records: AsyncIterable<DiffRecord>,
  window: WriteWindow,
  signal: AbortSignal | undefined,
  onOffset: (offset: number) => void,
): Promise<void> {
  let [start, held, size]: [number, Uint8Array[], number] = [0, [], 0];
  const flush = async () => {
    if (size === 0) return;
    const data = Buffer.concat(held, size);
    const offset = start;
    [held, size] = [[], 0];
    await window.write(offset, data);
  };
  for await (const record of records) {
    signal?.throwIfAborted();
    onOffset(record.offset);
    if (record.type === "data") {
      for (let taken = 0; taken < record.data.length; ) {
        const offset = record.offset + taken;
        if (size === 0) start = offset;
        const room = block - (offset % block);
        const piece = record.data.subarray(taken, taken + room);
        held.push(piece);
        size += piece.length;
        taken += piece.length;
        if (piece.length === room) await flush();
      }
      continue;
    }
    await flush();
    if (record.type === "zero") await window.zero(record.offset, record.length);
  }
  await flush();
}

const maxOperations = 32;
const maxBytes = 64 * 1024 ** 2;
/** The shortest run of zeroes in data that is zeroed instead of written, in bytes. */
const grain = 64 * 1024;

/**
 * Writes to an image with many writes in flight, within bounds. Writes that touch the same bytes stay in order.
 * The first failure is thrown by the next call; {@link settle} waits for everything.
 */
class WriteWindow {
  readonly #image: Image;
  readonly #isEmpty: boolean;
  readonly #inFlight = new Set<{ offset: number; end: number; done: Promise<void> }>();
  #bytes = 0;
  #failure: { readonly error: unknown } | undefined;
  #bytesWritten = 0;
  #bytesSkipped = 0;
  /** Where the data ends that this window wrote: zeroes before it may lie over that data. */
  #writtenEnd = 0;

  /** @param isEmpty Whether the image reads as zeroes, so that zeroes need not be written. */
  constructor(image: Image, isEmpty: boolean) {
    this.#image = image;
    this.#isEmpty = isEmpty;
  }

  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  get bytesSkipped(): number {
    return this.#bytesSkipped;
  }

  /** The data must not change until the write is done. */
  async write(offset: number, data: Uint8Array): Promise<void> {
    for (const run of splitZeroes(data, offset, grain)) {
      const at = offset + run.offset;
      if (run.zero) {
        await this.zero(at, run.length);
        continue;
      }
      this.#bytesWritten += run.length;
      this.#writtenEnd = Math.max(this.#writtenEnd, at + run.length);
      const piece = data.subarray(run.offset, run.offset + run.length);
      await this.#start(at, run.length, run.length, () =>
        this.#image.write(at, piece, { hints: ioHints.noCache }),
      );
    }
  }

  async zero(offset: number, length: number): Promise<void> {
    this.#bytesSkipped += length;
    if (this.#isEmpty && offset >= this.#writtenEnd) return;
    await this.#start(offset, length, 0, () => this.#image.writeZeroes(offset, length));
  }

  /** Waits for every write in flight, and throws the first failure. */
  async settle(): Promise<void> {
    await Promise.all([...this.#inFlight].map(({ done }) => done));
    this.#throwFailure();
  }

  async #start(offset: number, length: number, bytes: number, begin: () => Promise<void>): Promise<void> {
    const end = offset + length;
    for (;;) {
      this.#throwFailure();
      const before = [...this.#inFlight].find((other) => other.offset < end && offset < other.end);
      const isFull =
        this.#inFlight.size >= maxOperations || (this.#bytes > 0 && this.#bytes + bytes > maxBytes);
      if (before === undefined && !isFull) break;
      await (before?.done ?? Promise.race([...this.#inFlight].map(({ done }) => done)));
    }
    this.#bytes += bytes;
    const entry = { offset, end, done: this.#watch(begin()) };
    this.#inFlight.add(entry);
    entry.done.finally(() => {
      this.#inFlight.delete(entry);
      this.#bytes -= bytes;
    });
  }

  async #watch(write: Promise<void>): Promise<void> {
    try {
      await write;
    } catch (error) {
      this.#failure ??= { error };
    }
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
