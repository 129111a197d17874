import { type FileHandle, open } from "node:fs/promises";
import { Readable } from "node:stream";
import { CoppiceError, type CoppiceErrorCode } from "../errors/index.ts";
import { checkBytes } from "./chunks.ts";

/** Where a template comes from. A stream is read once, from where it stands. */
export type TemplateSource =
  | AsyncIterable<Uint8Array>
  /** A file or block device of this machine. */
  | { file: string }
  /** `http:` or `https:`. */
  | { url: string | URL; headers?: Readonly<Record<string, string>> };

/** A source that has been opened. Disposing ends it early. */
export interface OpenedSource extends AsyncDisposable {
  /** Each piece is good until the next one is asked for. */
  bytes: AsyncIterable<Uint8Array>;
  /** Bytes, as far as the source knows. */
  size: number | null;
  /** For messages: the path, the URL, or "the stream". */
  name: string;
  /** The path, when it is a file that can be read again. */
  file: string | null;
}

/**
 * Opens a source and learns its size where it is known.
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
  // Reading to the end, or leaving off early, ends it; one that is never read is the caller's to close.
  return { bytes: stream, size: null, name: "the stream", file: null, [Symbol.asyncDispose]: async () => {} };
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
      // A block device has the size 0 here; reading finds its end.
      size: stat.isFile() ? stat.size : null,
      name: path,
      file: stat.isFile() ? path : null,
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

/** Each piece is in the memory of the one before. */
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

/** Starts a download. Its size is known when the server tells it. @throws {CoppiceError} */
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
      message: `${name} was answered with ${status} ${statusText}`.trimEnd(),
      hint: "Check the address, and whether it needs a header to be let in.",
    });
  }
  const length =
    response.headers.get("content-encoding") === null ? response.headers.get("content-length") : null;
  return {
    bytes: body,
    size: length === null ? null : Number(length),
    name,
    file: null,
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
    // The disk as it is: a compressed transfer would hide its size.
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

/** Looks at the first bytes of a stream without losing them. Disposing ends the stream early. */
interface Peeked extends AsyncDisposable {
  /** At most as many bytes as were wanted; fewer only when the stream ended. */
  head: Buffer;
  /** The whole stream, the head included. Can be read once. */
  bytes: AsyncIterable<Uint8Array>;
}

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

/** The formats that can be told from their first bytes; everything else is raw. */
export type DiskFormat = "raw" | "qcow2" | "vmdk" | "vhdx" | "vdi" | "qed" | "luks";

const signatures: readonly { format: DiskFormat; offset: number; bytes: Buffer }[] = [
  { format: "qcow2", offset: 0, bytes: Buffer.from("QFI\xfb", "latin1") },
  { format: "qed", offset: 0, bytes: Buffer.from("QED\0", "latin1") },
  { format: "vmdk", offset: 0, bytes: Buffer.from("KDMV", "latin1") },
  { format: "vmdk", offset: 0, bytes: Buffer.from("# Disk DescriptorFile", "latin1") },
  { format: "vhdx", offset: 0, bytes: Buffer.from("vhdxfile", "latin1") },
  { format: "luks", offset: 0, bytes: Buffer.from("LUKS\xba\xbe", "latin1") },
  { format: "vdi", offset: 64, bytes: Buffer.from("\x7f\x10\xda\xbe", "latin1") },
];

/** How many bytes {@link detectFormat} wants to see. */
export const formatHeadLength = 128;

/** What a file is by its first bytes. A raw disk starts with a partition table or file system, none of which match. */
export function detectFormat(head: Uint8Array): DiskFormat {
  const found = signatures.find(({ offset, bytes }) =>
    bytes.equals(Buffer.from(head.subarray(offset, offset + bytes.length))),
  );
  return found?.format ?? "raw";
}

/**
 * Passes a stream on, and ends at once when the signal aborts, even while the source keeps silent. The source is told
 * that nobody reads it any more.
 *
 * @throws the signal's reason, or the source's failure
 */
export async function* untilAborted<T>(
  source: AsyncIterable<T>,
  signal: AbortSignal | undefined,
): AsyncGenerator<T, void, undefined> {
  if (signal === undefined) {
    yield* source;
    return;
  }
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  // Nobody may be listening at that moment.
  aborted.promise.catch(() => {});
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  const iterator = source[Symbol.asyncIterator]();
  let ended = false;
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), aborted.promise]);
      if (next.done) {
        ended = true;
        return;
      }
      yield next.value;
    }
  } catch (error) {
    ended = !signal.aborted;
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
    if (!ended) {
      // A generator that waits for its next piece answers only then, and a stream's iterator is one.
      if (source instanceof Readable) source.destroy();
      const returned = iterator.return?.();
      if (signal.aborted) returned?.catch(() => {});
      else await returned;
    }
  }
}
