import { native } from "../internal/binding.ts";
import { type CallOptions, change, type ProgressOptions, read } from "../internal/call.ts";
import { checkBytes, checkCount, checkInside, refuse } from "../internal/check.ts";
import { DiffExtents } from "./diff.ts";
import type { OpenImage } from "./open-image.ts";

export interface RangeOptions {
  /** Where to begin, in bytes; 0 without it. */
  readonly offset?: number | undefined;
  /** How many bytes; to the end without it. */
  readonly length?: number | undefined;
}

export interface GrainOptions extends CallOptions {
  /** The unit that is classified as data or zeroes, in bytes: a power of two from 512 to 4 MiB; 4096 without it. */
  readonly grain?: number | undefined;
}

export interface DigestOptions extends RangeOptions, ProgressOptions {
  /** Bytes: a multiple of 4096, up to 32 MiB. The size of the image's objects without it. */
  readonly blockSize?: number | undefined;
}

export interface SparseRead {
  /** All bytes of the range, in the caller's buffer if one was given. */
  readonly data: Buffer;
  /** Which of them hold data and which are zero: together the whole range, offsets counted in the image. */
  readonly extents: DiffExtents;
}

/** The range of one call of the compiled part, in bytes; no extent crosses a multiple of it. */
const WINDOW = 256 * 2 ** 20;
const LEAST_GRAIN = 512;
const MOST_GRAIN = 4 * 2 ** 20;
const PAGE = 4096;
const MOST_BLOCK = 32 * 2 ** 20;
const MOST_TRANSFER = 2 ** 30;

interface Range {
  readonly offset: number;
  readonly length: number;
}

/** Resolves the range of the options, and requires that it lies inside each image. */
async function rangeIn(call: string, images: readonly OpenImage[], o: RangeOptions & CallOptions) {
  const [first] = images as [OpenImage];
  const offset = checkCount(call, first.spec, "offset", o.offset ?? 0);
  const given = o.length === undefined ? undefined : checkCount(call, first.spec, "length", o.length);
  const sizes = await Promise.all(images.map((image) => image.readSize({ signal: o.signal })));
  const length = given ?? Math.max(0, Math.max(...sizes) - offset);
  for (const [i, image] of images.entries()) {
    checkInside(call, image.spec, offset, length, sizes[i] as number);
  }
  return { offset, length };
}

function checkGrain(call: string, object: string, grain = PAGE): number {
  checkCount(call, object, "grain", grain);
  if (grain < LEAST_GRAIN || grain > MOST_GRAIN || !Number.isInteger(Math.log2(grain))) {
    refuse(call, object, `grain must be a power of two from ${LEAST_GRAIN} to ${MOST_GRAIN}, not ${grain}`);
  }
  return grain;
}

async function* windows(
  { offset, length }: Range,
  start: (offset: number, length: number) => Promise<Float64Array>,
): AsyncGenerator<DiffExtents, void> {
  const end = offset + length;
  for (let at = offset; at < end; ) {
    const next = Math.min(end, (Math.floor(at / WINDOW) + 1) * WINDOW);
    const triples = await start(at, next - at);
    if (triples.length > 0) yield new DiffExtents(triples);
    at = next;
  }
}

export async function* scanZeroes(
  image: OpenImage,
  o: RangeOptions & GrainOptions = {},
): AsyncGenerator<DiffExtents, void> {
  const call = "rbd_aio_read2";
  o.signal?.throwIfAborted();
  const grain = checkGrain(call, image.spec, o.grain);
  const range = await rangeIn(call, [image], o);
  yield* windows(range, (offset, length) =>
    read(image.spec, o, (operation) => native.scanZeroes(image.handle, offset, length, grain, operation)),
  );
}

export async function* differences(
  image: OpenImage,
  other: OpenImage,
  o: RangeOptions & GrainOptions = {},
): AsyncGenerator<DiffExtents, void> {
  const call = "rbd_aio_read2";
  o.signal?.throwIfAborted();
  const grain = checkGrain(call, image.spec, o.grain);
  const range = await rangeIn(call, [image, other], o);
  yield* windows(range, (offset, length) =>
    read(`${image.spec} and ${other.spec}`, o, (operation) =>
      native.compareImages(image.handle, other.handle, offset, length, grain, operation),
    ),
  );
}

export async function digestBlocks(image: OpenImage, o: DigestOptions = {}): Promise<Uint8Array> {
  const call = "rbd_aio_read2";
  o.signal?.throwIfAborted();
  const blockSize =
    o.blockSize ??
    (await read(image.spec, o, (operation) => native.imageStat(image.handle, operation))).objectSize;
  checkCount(call, image.spec, "blockSize", blockSize);
  if (blockSize === 0 || blockSize % PAGE !== 0 || blockSize > MOST_BLOCK) {
    const wanted = `a multiple of ${PAGE} up to ${MOST_BLOCK}`;
    refuse(call, image.spec, `blockSize must be ${wanted}, not ${blockSize}`);
  }
  const { offset, length } = await rangeIn(call, [image], o);
  return await change(image.spec, o, (operation) =>
    native.digestBlocks(image.handle, offset, length, blockSize, operation),
  );
}

export async function readSparse(
  image: OpenImage,
  offset: number,
  lengthOrBuffer: number | Uint8Array,
  o: GrainOptions = {},
): Promise<SparseRead> {
  const call = "rbd_aio_read2";
  o.signal?.throwIfAborted();
  const given =
    typeof lengthOrBuffer === "number" ? undefined : checkBytes(call, image.spec, "buffer", lengthOrBuffer);
  const grain = checkGrain(call, image.spec, o.grain);
  const asked = given?.byteLength ?? (lengthOrBuffer as number);
  const { length } = await rangeIn(call, [image], { offset, length: asked, signal: o.signal });
  if (length > MOST_TRANSFER)
    refuse(call, image.spec, `length ${length} is more than the ${MOST_TRANSFER} of one call`);
  // The buffer may have been transferred while its range was checked.
  if (given) checkBytes(call, image.spec, "buffer", given);
  const into = given ?? Buffer.allocUnsafeSlow(length);
  const triples = await change(image.spec, o, (operation) =>
    native.readSparse(image.handle, offset, into, grain, operation),
  );
  o.signal?.throwIfAborted();
  const data = Buffer.isBuffer(into) ? into : Buffer.from(into.buffer, into.byteOffset, into.byteLength);
  return { data, extents: new DiffExtents(triples) };
}
