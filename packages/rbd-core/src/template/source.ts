import { type FileHandle, open } from "node:fs/promises";
import { CoppiceError, type CoppiceErrorCode } from "../errors/index.ts";
import { checkBytes, untilAborted } from "../transfer/index.ts";

/** Where a template comes from. A stream is read once, from its current position. */
export type TemplateSource =
  | AsyncIterable<Uint8Array>
  /** A file or block device of this machine. */
  | { file: string }
  /** `http:` or `https:`. */
  | { url: string | URL; headers?: Readonly<Record<string, string>> };

/** A source that has been opened. Disposing ends it early. */
export interface OpenedSource extends AsyncDisposable {
  /** Each piece is valid until the next one is asked for. */
  bytes: AsyncIterable<Uint8Array>;
  /** In bytes; `null` when the source does not say. */
  size: number | null;
  /** For messages: the path, the URL, or "the stream". */
  name: string;
}

/**
 * Opens a source, and determines its size where that is possible.
 *
 * @throws {CoppiceError} `NOT_FOUND`, `PERMISSION_DENIED`, `INVALID_ARGUMENT`, or `IO` when it cannot be reached
 */
export async function openTemplateSource(
  source: TemplateSource,
  signal: AbortSignal | undefined,
): Promise<OpenedSource> {
  if (Symbol.asyncIterator in source) return openStream(source);
  if ("file" in source) return openFile(source.file);
  if ("url" in source) return openUrl(source.url, source.headers ?? {}, signal);
  throw new CoppiceError({
    code: "INVALID_ARGUMENT",
    call: "importTemplate",
    message: "the source is neither a stream nor { file } nor { url }",
  });
}

function openStream(stream: AsyncIterable<Uint8Array>): OpenedSource {
  // Reading to the end or stopping early ends it. A stream that is never read is left to the caller to close.
  return { bytes: stream, size: null, name: "the stream", [Symbol.asyncDispose]: async () => {} };
}

const pieceSize = 1 << 20;

const fileErrorCodes: Readonly<Record<string, CoppiceErrorCode>> = {
  ENOENT: "NOT_FOUND",
  ENOTDIR: "NOT_FOUND",
  EACCES: "PERMISSION_DENIED",
  EPERM: "PERMISSION_DENIED",
};

/** Opens a file or block device to be read from its start. @throws {CoppiceError} */
export async function openFile(path: string): Promise<OpenedSource> {
  const handle = await openHandle(path);
  try {
    const stat = await handle.stat();
    if (!stat.isFile() && !stat.isBlockDevice()) {
      throw new CoppiceError({
        code: "INVALID_ARGUMENT",
        call: "importTemplate",
        object: path,
        message: `${path} is neither a file nor a block device`,
      });
    }
    return {
      bytes: read(handle),
      // stat() says 0 for a block device: reading finds its end.
      size: stat.isFile() ? stat.size : null,
      name: path,
      [Symbol.asyncDispose]: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function openHandle(path: string): Promise<FileHandle> {
  try {
    return await open(path, "r");
  } catch (cause) {
    const { code = "", message } = cause as NodeJS.ErrnoException;
    throw new CoppiceError({
      code: fileErrorCodes[code] ?? "IO",
      call: "importTemplate",
      object: path,
      message: `${path} could not be opened: ${message}`,
      cause,
    });
  }
}

/** Reads each piece into the memory of the one before. */
async function* read(handle: FileHandle): AsyncGenerator<Uint8Array, void, undefined> {
  const memory = Buffer.allocUnsafeSlow(pieceSize);
  for (;;) {
    const { bytesRead } = await handle.read(memory, 0, pieceSize);
    if (bytesRead === 0) return;
    yield memory.subarray(0, bytesRead);
  }
}

const statusCodes: Readonly<Record<number, CoppiceErrorCode>> = {
  401: "PERMISSION_DENIED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  410: "NOT_FOUND",
  408: "TIMED_OUT",
  504: "TIMED_OUT",
};

/** Starts a download. Its size is known when the server sends a Content-Length. @throws {CoppiceError} */
async function openUrl(
  url: string | URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): Promise<OpenedSource> {
  const address = parse(url);
  const abort = new AbortController();
  const either = signal === undefined ? abort.signal : AbortSignal.any([signal, abort.signal]);
  const response = await request(address, headers, either, signal);
  const { body, status, statusText } = response;
  const name = address.href;
  if (!response.ok || body === null) {
    abort.abort();
    throw new CoppiceError({
      code: statusCodes[status] ?? "IO",
      call: "importTemplate",
      object: name,
      message: `the request for ${name} was answered with ${status} ${statusText}`.trimEnd(),
      hint: "Check the address, and whether the server requires a header for authorization.",
    });
  }
  const length =
    response.headers.get("content-encoding") === null ? response.headers.get("content-length") : null;
  return {
    bytes: body,
    size: length === null ? null : Number(length),
    name,
    [Symbol.asyncDispose]: async () => abort.abort(),
  };
}

async function request(
  address: URL,
  headers: Readonly<Record<string, string>>,
  either: AbortSignal,
  signal: AbortSignal | undefined,
): Promise<Response> {
  try {
    // A compressed transfer would hide the size of the disk.
    return await fetch(address, { headers: { "accept-encoding": "identity", ...headers }, signal: either });
  } catch (cause) {
    signal?.throwIfAborted();
    const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
    throw new CoppiceError({
      code: "IO",
      call: "importTemplate",
      object: address.href,
      message: `${address.href} could not be reached: ${inner instanceof Error ? inner.message : String(inner)}`,
      hint: "Check the address and the network.",
      cause,
    });
  }
}

function parse(url: string | URL): URL {
  const address = URL.parse(String(url));
  if (address !== null && (address.protocol === "http:" || address.protocol === "https:")) return address;
  throw new CoppiceError({
    code: "INVALID_ARGUMENT",
    call: "importTemplate",
    object: String(url),
    message: `${JSON.stringify(String(url))} is not an http or https address`,
  });
}

/** A source whose format is known. Its first bytes are still to be read. */
export interface KnownSource extends AsyncDisposable {
  format: "raw" | "qcow2";
  bytes: AsyncIterable<Uint8Array>;
}

/**
 * Determines the format of a source by its first bytes.
 *
 * @throws {CoppiceError} `UNSUPPORTED` for a format that cannot be imported, by name; `INVALID_ARGUMENT` for a source that is
 * stated to be qcow2 and is not
 */
export async function determineFormat(
  source: OpenedSource,
  { format: stated, signal }: { format?: "raw" | "qcow2" | undefined; signal?: AbortSignal | undefined },
): Promise<KnownSource> {
  const bytes = readSource(source.bytes, source.name, signal);
  const peeked = await peek(bytes, formatHeadLength);
  const found = detectFormat(peeked.head);
  const format = stated ?? found;
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
      message: `${source.name} is not a qcow2 disk, although the format "qcow2" was given`,
      hint: "Leave the format out, so that it is determined by the first bytes.",
    });
  }
  return { format, bytes: peeked.bytes, [Symbol.asyncDispose]: () => peeked[Symbol.asyncDispose]() };
}

/**
 * Passes on a source's bytes, ends at once when the signal aborts, and turns a failure of the source into an error that
 * names it.
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
      hint: "Check the source, and import again from the start.",
      cause,
    });
  }
}

/** Refuses a source by what it says of its size. @throws {CoppiceError} `INVALID_ARGUMENT` for one above the limit */
export function checkMost(name: string, size: number | null, maxSize: number | undefined): void {
  if (maxSize === undefined || size === null || size <= maxSize) return;
  throw new CoppiceError({
    code: "INVALID_ARGUMENT",
    call: "importTemplate",
    object: name,
    message: `${name} has ${size} bytes, and at most ${maxSize} may be imported`,
    hint: "Choose a smaller disk, or raise the limit.",
  });
}

/**
 * Passes on a source's bytes, and checks that there are any, and as many as its size says.
 *
 * @param size In bytes; `null` when it is not known.
 * @param maxSize In bytes; what is read beyond it is refused.
 * @throws {CoppiceError} `IO` for a source that is too short, `INVALID_ARGUMENT` for one that is too long or empty
 */
export async function* checkLength(
  bytes: AsyncIterable<Uint8Array>,
  name: string,
  size: number | null,
  maxSize?: number | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  checkMost(name, size, maxSize);
  const wrongLength = (code: CoppiceErrorCode, what: string) =>
    new CoppiceError({
      code,
      call: "importTemplate",
      object: name,
      message: `${name} delivered ${what}`,
      hint: "Check the source and the size that was given for it.",
    });
  let read = 0;
  for await (const piece of bytes) {
    checkBytes(piece);
    read += piece.length;
    if (size !== null && read > size)
      throw wrongLength("INVALID_ARGUMENT", `more than the expected ${size} bytes`);
    checkMost(name, read, maxSize);
    yield piece;
  }
  if (read === 0) throw wrongLength("INVALID_ARGUMENT", "no bytes");
  if (size !== null && read < size) throw wrongLength("IO", `only ${read} of the expected ${size} bytes`);
}

/** A stream whose first bytes have been read. Disposing ends the stream early. */
interface Peeked extends AsyncDisposable {
  /** The first bytes, as many as were wanted; fewer only when the stream ended. */
  head: Buffer;
  /** The whole stream, including the head. Can be read once. */
  bytes: AsyncIterable<Uint8Array>;
}

/** Reads the first bytes of a stream without losing them. */
export async function peek(source: AsyncIterable<Uint8Array>, wanted: number): Promise<Peeked> {
  const iterator = source[Symbol.asyncIterator]();
  const pieces: Uint8Array[] = [];
  let length = 0;
  let ended = false;
  const end = async () => {
    if (ended) return;
    ended = true;
    await iterator.return?.();
  };
  try {
    while (length < wanted && !ended) {
      const next = await iterator.next();
      if (next.done) {
        ended = true;
      } else {
        checkBytes(next.value);
        // Copied, because a source may fill the same memory again for its next piece.
        pieces.push(Buffer.from(next.value));
        length += next.value.length;
      }
    }
  } catch (error) {
    await end();
    throw error;
  }
  async function* whole(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* pieces;
      while (!ended) {
        const next = await iterator.next();
        if (next.done) ended = true;
        else yield next.value;
      }
    } finally {
      await end();
    }
  }
  return { head: Buffer.concat(pieces).subarray(0, wanted), bytes: whole(), [Symbol.asyncDispose]: end };
}

/** The formats that are recognised by their first bytes. Everything else is raw. */
type DiskFormat = "raw" | "qcow2" | "vmdk" | "vhdx" | "vdi" | "qed" | "luks";

const signatures: readonly { format: DiskFormat; offset: number; bytes: Buffer }[] = [
  { format: "qcow2", offset: 0, bytes: Buffer.from("QFI\xfb", "latin1") },
  { format: "qed", offset: 0, bytes: Buffer.from("QED\0", "latin1") },
  { format: "vmdk", offset: 0, bytes: Buffer.from("KDMV", "latin1") },
  { format: "vmdk", offset: 0, bytes: Buffer.from("# Disk DescriptorFile", "latin1") },
  { format: "vhdx", offset: 0, bytes: Buffer.from("vhdxfile", "latin1") },
  { format: "luks", offset: 0, bytes: Buffer.from("LUKS\xba\xbe", "latin1") },
  { format: "vdi", offset: 64, bytes: Buffer.from("\x7f\x10\xda\xbe", "latin1") },
];

/** The number of bytes that {@link detectFormat} needs. */
export const formatHeadLength = 128;

/** The format of a disk by its first bytes. No partition table or file system of a raw disk matches a signature. */
export function detectFormat(head: Uint8Array): DiskFormat {
  const found = signatures.find(({ offset, bytes }) =>
    bytes.equals(Buffer.from(head.subarray(offset, offset + bytes.length))),
  );
  return found?.format ?? "raw";
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
