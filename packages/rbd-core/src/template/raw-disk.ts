import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Image } from "rbd-native";
import { allSettledOrThrow } from "../concurrency/index.ts";
import { CoppiceError } from "../errors/index.ts";
import type { Advance, StepRunner } from "../operation/index.ts";
import { ChunkPool, dataExtents, grownSize, InFlight, rechunk } from "./chunks.ts";
import { DigestPair, type Digests } from "./digests.ts";
import type { ImportPhase, ImportTemplateOptions } from "./import-template.ts";
import { convertToRaw } from "./qemu-img.ts";
import {
  type DiskFormat,
  detectFormat,
  formatHeadLength,
  type OpenedSource,
  openFile,
  peek,
  untilAborted,
} from "./source.ts";

/** A source whose format is known, with its first bytes still to be read. */
export interface KnownSource extends AsyncDisposable {
  format: "raw" | "qcow2";
  bytes: AsyncIterable<Uint8Array>;
}

/**
 * Finds out what a source is.
 *
 * @throws {CoppiceError} `UNSUPPORTED` for a format that cannot be imported, by name
 */
export async function knowFormat(source: OpenedSource, options: ImportTemplateOptions): Promise<KnownSource> {
  const bytes = readSource(source.bytes, source.name, options.signal);
  const peeked = await peek(bytes, formatHeadLength);
  const found = detectFormat(peeked.head);
  const format = options.format ?? found;
  if (format !== "raw" && format !== "qcow2") {
    await peeked[Symbol.asyncDispose]();
    throw notRaw(source.name, format);
  }
  if (format === "qcow2" && found !== "qcow2") {
    await peeked[Symbol.asyncDispose]();
    throw new CoppiceError({
      code: "INVALID_ARGUMENT",
      call: "importTemplate",
      object: source.name,
      message: `${source.name} is said to be qcow2, and is not`,
    });
  }
  return { format, bytes: peeked.bytes, [Symbol.asyncDispose]: () => peeked[Symbol.asyncDispose]() };
}

/** A raw disk in a file of its own, which goes when it is disposed. */
interface ConvertedDisk extends OpenedSource {
  sourceDigests: Digests;
}

/** Receives a qcow2 disk into a temporary folder, and converts it there. */
export async function convertDisk(
  source: OpenedSource,
  known: KnownSource,
  options: ImportTemplateOptions,
  runner: StepRunner<ImportPhase>,
): Promise<ConvertedDisk> {
  const { signal, qemuImg: program = "qemu-img", scratchFolder = tmpdir() } = options;
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(scratchFolder, "coppice-import-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const [received, raw] = [join(folder, "received"), join(folder, "raw")];
  const sourceDigests = await runner.run(
    "receive",
    async (advance) => {
      await using digests = new DigestPair();
      await using file = await open(received, "wx", 0o600);
      const chunks = new ChunkPool(1024 ** 2, 2);
      let count = 0;
      for await (const chunk of rechunk(known.bytes, chunks)) {
        const release = chunks.share(chunk, 1);
        await allSettledOrThrow([digests.update(chunk), file.writeFile(chunk)]);
        release();
        count += chunk.length;
        advance(count, source.size ?? 0);
      }
      checkReceived(source.name, options.size ?? source.size, count);
      // Awaited here: the threads must live until they have answered.
      return await digests.digest();
    },
    "bytes",
  );
  await runner.run("convert", (advance) =>
    convertToRaw(received, raw, {
      program,
      signal,
      onProgress: (percent) => advance(Math.floor(percent), 100),
    }),
  );
  const disk = stack.use(await openFile(raw));
  const owned = stack.move();
  return { ...disk, sourceDigests, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function checkReceived(name: string, size: number | null, count: number): void {
  if (size === null || count === size) return;
  throw new CoppiceError({
    code: count < size ? "IO" : "INVALID_ARGUMENT",
    call: "importTemplate",
    object: name,
    message: `${name} delivered ${count} bytes, and was to have ${size}`,
  });
}

function notRaw(name: string, format: DiskFormat): CoppiceError {
  return new CoppiceError({
    code: "UNSUPPORTED",
    call: "importTemplate",
    object: name,
    message: `${name} is a ${format} disk, and only raw and qcow2 can be imported`,
    hint: 'Convert it with `qemu-img convert -O raw`, or say format "raw" to take its bytes as they are.',
  });
}

interface DiskWriting {
  /** Bytes; `null`: not known, and the image grows along. */
  size: number | null;
  chunkSize: number;
  sparseSize: number;
  advance: Advance;
}

interface WrittenDisk {
  /** Bytes. */
  size: number;
  written: number;
  digests: Digests;
}

/** Bytes that are read, hashed and written at the same time, in three chunks at the least. */
const budget = 48 * 1024 ** 2;

/**
 * Writes a stream into an image of its own from the start, leaving out what is zeros, and gives the image the stream's
 * size. Reading, hashing and writing go on side by side. Whatever happens, nothing is in flight any more when it ends.
 *
 * @throws {CoppiceError} `IO` for a stream that is too short, `INVALID_ARGUMENT` for one that is too long or empty;
 * `RbdError`; the stream's own failure
 */
export async function writeDisk(
  image: Image,
  bytes: AsyncIterable<Uint8Array>,
  { size, chunkSize, sparseSize, advance }: DiskWriting,
): Promise<WrittenDisk> {
  const chunks = new ChunkPool(chunkSize, Math.max(3, Math.floor(budget / chunkSize)));
  await using digests = new DigestPair();
  const inFlight = new InFlight();
  let [offset, written, capacity] = [0, 0, size ?? 0];
  try {
    for await (const chunk of rechunk(bytes, chunks)) {
      const end = offset + chunk.length;
      if (size !== null && end > size)
        throw wrongSize("INVALID_ARGUMENT", `more than the ${size} bytes it was to have`);
      if (end > capacity) {
        capacity = grownSize(capacity, end);
        await image.resize(capacity);
      }
      const extents = dataExtents(chunk, sparseSize);
      const release = chunks.share(chunk, extents.length + 1);
      const hash = () => (extents.length > 0 ? digests.update(chunk) : digests.updateZeros(chunk.length));
      inFlight.start(() => hash().finally(release));
      for (const { start, end: stop } of extents) {
        const data = chunk.subarray(start, stop);
        const at = offset + start;
        inFlight.start(() => image.write(at, data).finally(release));
        written += data.length;
      }
      offset = end;
      advance(offset, size ?? 0);
    }
    await inFlight.drain();
  } finally {
    await inFlight.settle();
  }
  if (offset === 0) throw wrongSize("INVALID_ARGUMENT", "nothing");
  if (size !== null && offset < size)
    throw wrongSize("IO", `only ${offset} of the ${size} bytes it was to have`);
  if (offset < capacity) await image.resize(offset, { allowShrink: true });
  await image.flush();
  return { size: offset, written, digests: await digests.digest() };
}

function wrongSize(code: "IO" | "INVALID_ARGUMENT", what: string): CoppiceError {
  return new CoppiceError({ code, call: "importTemplate", message: `the source delivered ${what}` });
}

/**
 * Passes a source's bytes on, ends at once when the signal aborts, and says of a failure that it was the source's.
 *
 * @throws {CoppiceError} `IO`; the signal's reason
 */
export async function* readSource(
  bytes: AsyncIterable<Uint8Array>,
  name: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  let read = 0;
  const iterator = untilAborted(bytes, signal)[Symbol.asyncIterator]();
  let ended = false;
  try {
    for (;;) {
      const next = await nextOf(iterator, name, read, signal);
      if (next.done) {
        ended = true;
        return;
      }
      read += next.value.length;
      yield next.value;
    }
  } finally {
    if (!ended) await iterator.return?.();
  }
}

async function nextOf(
  iterator: AsyncIterator<Uint8Array, void>,
  name: string,
  read: number,
  signal: AbortSignal | undefined,
): Promise<IteratorResult<Uint8Array, void>> {
  try {
    return await iterator.next();
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof CoppiceError) throw cause;
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new CoppiceError({
      code: "IO",
      call: "importTemplate",
      object: name,
      message: `${name} broke off after ${read} bytes: ${text}`,
      hint: "Find out why, and import again from the start.",
      cause,
    });
  }
}
