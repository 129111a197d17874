import { native } from "../internal/binding.ts";
import { type CallOptions, outcome, partlyDone, settle } from "../internal/call.ts";
import { checkBytes, checkCount, checkFlags, checkInside, refuse } from "../internal/check.ts";
import { RbdError } from "../rbd-error.ts";
import { ReadBlock, WriteBlock } from "./block.ts";
import type { OpenImage } from "./open-image.ts";

/** Hints to the OSD about the data, as librados's LIBRADOS_OP_FLAG_FADVISE_* name them. */
export const ioHints = {
  random: 0x4,
  sequential: 0x8,
  willNeed: 0x10,
  dontNeed: 0x20,
  noCache: 0x40,
} as const;

export interface IoOptions extends CallOptions {
  /** One of {@link ioHints} or several, added up. */
  readonly hints?: number | undefined;
}

export interface WriteZeroesOptions extends IoOptions {
  /** Allocate the zeroes instead of making a hole. */
  readonly thick?: boolean | undefined;
}

/** The largest transfer of one call, in bytes. */
const MAX_TRANSFER = 2 ** 30;
const THICK_PROVISION = 1;
const ALL_HINTS = Object.values(ioHints).reduce<number>((all, hint) => all | hint, 0);

/**
 * Requires that the range lies inside the image: librbd silently truncates a write that reaches beyond the end. Another
 * client may have resized the image, so a range is refused only after the size was read again. A range that lies inside
 * the known size is accepted without waiting, so that the call is submitted before its caller continues.
 */
function inside(image: OpenImage, call: string, offset: unknown, length: unknown): Promise<void> | undefined {
  image.checkUpToDate(call);
  const from = checkCount(call, image.spec, "offset", offset);
  const bytes = checkCount(call, image.spec, "length", length);
  if (from + bytes <= image.size) return undefined;
  return image.readSize().then((now) => checkInside(call, image.spec, from, bytes, now));
}

function checkTransfer(image: OpenImage, call: string, length: number): void {
  if (length > MAX_TRANSFER)
    refuse(call, image.spec, `length ${length} is more than the ${MAX_TRANSFER} of one call`);
}

function checkHints(image: OpenImage, call: string, o: IoOptions | undefined): number {
  return checkFlags(call, image.spec, "hints", o?.hints ?? 0, ALL_HINTS);
}

/** Submits a call unless its signal was aborted before. From then on an abort does not end it. */
async function submit<T>(image: OpenImage, o: CallOptions | undefined, start: () => Promise<T>): Promise<T> {
  o?.signal?.throwIfAborted();
  return await outcome(image.spec, start());
}

export async function read(
  image: OpenImage,
  offset: number,
  lengthOrBuffer: number | Uint8Array,
  o?: IoOptions,
): Promise<Buffer> {
  const call = "rbd_aio_read2";
  o?.signal?.throwIfAborted();
  const given =
    typeof lengthOrBuffer === "number" ? undefined : checkBytes(call, image.spec, "buffer", lengthOrBuffer);
  const length = given === undefined ? (lengthOrBuffer as number) : given.byteLength;
  const hints = checkHints(image, call, o);
  const check = inside(image, call, offset, length);
  if (check) await check;
  checkTransfer(image, call, length);
  o?.signal?.throwIfAborted();
  // The buffer may have been transferred while its range was checked.
  if (check && given) checkBytes(call, image.spec, "buffer", given);
  // Not from the shared pool: the memory belongs to librbd until the call is over.
  const into = given ?? Buffer.allocUnsafeSlow(length);
  if (length > 0) {
    const reading = native.read(image.handle, offset, into, hints);
    // librbd writes into the caller's buffer until the call has ended, whether or not it was aborted.
    const count = await (given ? outcome(image.spec, reading) : settle(image.spec, o?.signal, reading));
    if (given) o?.signal?.throwIfAborted();
    if (count < length) shortened(image, call, offset, length, count);
  }
  return Buffer.isBuffer(into) ? into : Buffer.from(into.buffer, into.byteOffset, into.byteLength);
}

export async function readBlock(
  image: OpenImage,
  offset: number,
  length: number,
  o?: IoOptions,
): Promise<ReadBlock> {
  const call = "rbd_aio_read2";
  o?.signal?.throwIfAborted();
  const hints = checkHints(image, call, o);
  const check = inside(image, call, offset, length);
  if (check) await check;
  checkTransfer(image, call, length);
  o?.signal?.throwIfAborted();
  if (length === 0) return new ReadBlock(Buffer.alloc(0));
  const reading = native.readBlock(image.handle, offset, length, hints);
  const discardLate = (late: Buffer) => new ReadBlock(late)[Symbol.dispose]();
  const block = new ReadBlock(await settle(image.spec, o?.signal, reading, discardLate));
  if (block.data.byteLength === length) return block;
  const count = block.data.byteLength;
  block[Symbol.dispose]();
  return shortened(image, call, offset, length, count);
}

function shortened(image: OpenImage, call: string, offset: number, length: number, count: number): never {
  throw new RbdError({
    code: "OUT_OF_RANGE",
    errno: 0,
    call,
    object: image.spec,
    detail: `only ${count} of ${length} bytes at offset ${offset} could be read: the image was shrunk during the call`,
  });
}

export async function write(
  image: OpenImage,
  offset: number,
  data: Uint8Array,
  o?: IoOptions,
): Promise<void> {
  const call = "rbd_aio_write2";
  o?.signal?.throwIfAborted();
  checkBytes(call, image.spec, "data", data);
  const hints = checkHints(image, call, o);
  const check = inside(image, call, offset, data.byteLength);
  if (check) {
    await check;
    checkBytes(call, image.spec, "data", data);
  }
  checkTransfer(image, call, data.byteLength);
  if (data.byteLength === 0) return;
  await submit(image, o, () => native.write(image.handle, offset, data, hints));
}

export function allocateBlock(image: OpenImage, length: number): WriteBlock {
  const call = "rbd_aio_write2";
  const bytes = checkCount(call, image.spec, "length", length);
  if (bytes === 0) refuse(call, image.spec, "a block must not be empty");
  checkTransfer(image, call, bytes);
  return new WriteBlock(bytes);
}

export async function writeBlock(
  image: OpenImage,
  offset: number,
  block: WriteBlock,
  o?: IoOptions,
): Promise<void> {
  const call = "rbd_aio_write2";
  o?.signal?.throwIfAborted();
  const hints = checkHints(image, call, o);
  const check = inside(image, call, offset, block.length);
  if (check) await check;
  o?.signal?.throwIfAborted();
  const memory = WriteBlock.seal(block);
  if (memory === undefined) refuse(call, image.spec, "the block was disposed of, or its memory transferred");
  await submit(image, o, () => native.writeBlock(image.handle, offset, memory, hints));
}

export async function writeZeroes(
  image: OpenImage,
  offset: number,
  length: number,
  o?: WriteZeroesOptions,
): Promise<void> {
  const call = "rbd_aio_write_zeroes";
  o?.signal?.throwIfAborted();
  const hints = checkHints(image, call, o);
  const check = inside(image, call, offset, length);
  if (check) await check;
  const flags = o?.thick ? THICK_PROVISION : 0;
  await inParts(image, call, offset, length, o, (at, bytes) =>
    native.writeZeroes(image.handle, at, bytes, flags, hints),
  );
}

export async function discard(
  image: OpenImage,
  offset: number,
  length: number,
  o?: CallOptions,
): Promise<void> {
  const call = "rbd_aio_discard";
  o?.signal?.throwIfAborted();
  const check = inside(image, call, offset, length);
  if (check) await check;
  await inParts(image, call, offset, length, o, (at, bytes) => native.discard(image.handle, at, bytes));
}

/**
 * Makes one call for each GiB, split at multiples of it and so at object boundaries. An abort between two of them stops
 * the rest.
 */
async function inParts(
  image: OpenImage,
  call: string,
  offset: number,
  length: number,
  o: CallOptions | undefined,
  part: (offset: number, length: number) => Promise<void>,
): Promise<void> {
  const end = offset + length;
  for (let at = offset; at < end; ) {
    if (at > offset && o?.signal?.aborted) {
      throw partlyDone(call, image.spec, `after ${at - offset} of ${length} bytes`, o.signal);
    }
    const next = Math.min(end, (Math.floor(at / MAX_TRANSFER) + 1) * MAX_TRANSFER);
    await submit(image, o, () => part(at, next - at));
    at = next;
  }
}

export async function writeSame(
  image: OpenImage,
  offset: number,
  length: number,
  pattern: Uint8Array,
  o?: IoOptions,
): Promise<void> {
  const call = "rbd_aio_writesame";
  o?.signal?.throwIfAborted();
  checkBytes(call, image.spec, "pattern", pattern);
  const hints = checkHints(image, call, o);
  const check = inside(image, call, offset, length);
  if (check) {
    await check;
    checkBytes(call, image.spec, "pattern", pattern);
  }
  if (pattern.byteLength === 0 || length % pattern.byteLength !== 0) {
    refuse(
      call,
      image.spec,
      `length ${length} must be a multiple of the pattern's ${pattern.byteLength} bytes`,
    );
  }
  if (length === 0) return;
  await submit(image, o, () => native.writeSame(image.handle, offset, length, pattern, hints));
}

/**
 * True when it was written, false when the image holds other data. The offset of the mismatch is not returned, because
 * librbd counts it from the start of the object instead of the range.
 */
export async function compareAndWrite(
  image: OpenImage,
  offset: number,
  expected: Uint8Array,
  data: Uint8Array,
  o?: IoOptions,
): Promise<boolean> {
  const call = "rbd_aio_compare_and_write";
  o?.signal?.throwIfAborted();
  checkBytes(call, image.spec, "expected", expected);
  checkBytes(call, image.spec, "data", data);
  if (expected.byteLength !== data.byteLength)
    refuse(call, image.spec, "expected and data must be of one length");
  const hints = checkHints(image, call, o);
  const length = data.byteLength;
  const check = inside(image, call, offset, length);
  if (check) {
    await check;
    checkBytes(call, image.spec, "expected", expected);
    checkBytes(call, image.spec, "data", data);
  }
  try {
    await submit(image, o, () => native.compareAndWrite(image.handle, offset, expected, data, hints));
    return true;
  } catch (error) {
    if (!(error instanceof RbdError)) throw error;
    if (error.code === "MISMATCH") return false;
    if (error.code !== "INVALID_ARGUMENT") throw error;
    const { code, errno } = error;
    const detail = `${length} bytes at offset ${offset} cannot be compared and written in one step`;
    throw new RbdError({ code, errno, call, object: image.spec, detail });
  }
}

export async function flush(image: OpenImage, o?: CallOptions): Promise<void> {
  o?.signal?.throwIfAborted();
  await submit(image, o, () => native.flush(image.handle));
}
