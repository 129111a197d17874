import { createXXHash128, type IHasher } from "hash-wasm";
import type { DiffHeader, DiffRecord } from "../../formats/index.ts";
import type { BlockDigest, DigestManifest } from "./digest-manifest.ts";

/** The diff that a manifest is made of. */
export interface DigestRecordsOptions {
  /** In bytes: the object size of the source. */
  readonly blockSize: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The manifest of what a diff holds, from its bytes alone: the same digests that a copy of the same extents takes (see
 * docs/formats.md). A diff from nothing gives a full manifest.
 *
 * @param records Ascending.
 * @throws what `records` throws; the signal's reason
 */
export async function digestRecords(
  { from, size }: DiffHeader,
  records: AsyncIterable<DiffRecord>,
  { blockSize, signal }: DigestRecordsOptions,
): Promise<DigestManifest> {
  const blocks = new BlockDigests(await createXXHash128(), blockSize);
  for await (const record of records) {
    signal?.throwIfAborted();
    if (record.type === "zero") blocks.add(record.offset, record.length, undefined);
    if (record.type === "data") blocks.add(record.offset, record.data.length, record.data);
  }
  return { blockSize, size, blocks: blocks.finish(), isFull: from === undefined, unknown: [] };
}

const page = 4096;
const pageHeader = 8;
const zeroes = Buffer.alloc(page);
/** Pages are gathered, because each call of the hash costs as much as some kilobytes of data. */
const gathered = 64 * (pageHeader + page);

/** Takes the digests of blocks whose extents pass by in ascending order. */
class BlockDigests {
  readonly #hash: IHasher;
  readonly #blockSize: number;
  readonly #blocks: BlockDigest[] = [];
  #block = -1;
  #runs: number[] = [];
  /** The part of a page that came so far: pieces that touch within a page count as one. */
  readonly #page = Buffer.alloc(page);
  #pageFrom = 0;
  #pageLength = 0;
  readonly #gathered = Buffer.alloc(gathered);
  #filled = 0;

  constructor(hash: IHasher, blockSize: number) {
    this.#hash = hash;
    this.#blockSize = blockSize;
  }

  /** @param data Undefined for zeroes. */
  add(offset: number, length: number, data: Uint8Array | undefined): void {
    for (let at = offset; at < offset + length; ) {
      const block = Math.floor(at / this.#blockSize);
      if (block !== this.#block) this.#begin(block);
      const end = Math.min(offset + length, (block + 1) * this.#blockSize);
      this.#addToBlock(at, data?.subarray(at - offset, end - offset), end - at);
      at = end;
    }
  }

  finish(): BlockDigest[] {
    this.#end();
    return this.#blocks;
  }

  #begin(block: number): void {
    this.#end();
    this.#block = block;
    this.#runs = [];
    this.#hash.init();
  }

  #end(): void {
    if (this.#block === -1) return;
    this.#endPage();
    this.#flush();
    this.#blocks.push({ block: this.#block, runs: this.#runs, digest: this.#hash.digest("binary") });
  }

  #addToBlock(offset: number, data: Uint8Array | undefined, length: number): void {
    const within = offset - this.#block * this.#blockSize;
    const last = this.#runs.length - 1;
    if (last > 0 && (this.#runs[last - 1] ?? 0) + (this.#runs[last] ?? 0) === within) {
      this.#runs[last] = (this.#runs[last] ?? 0) + length;
    } else this.#runs.push(within, length);
    for (let at = 0; at < length; ) {
      const place = offset + at;
      const count = Math.min(page - (place % page), length - at);
      if (this.#pageLength > 0 && (this.#pageFrom + this.#pageLength !== place || place % page === 0)) {
        this.#endPage();
      }
      if (count === page && data === undefined) {
        // Whole pages of zeroes do not count.
        at += Math.floor((length - at) / page) * page;
        continue;
      }
      if (count === page) this.#count(place, data?.subarray(at, at + page) ?? zeroes);
      else {
        if (this.#pageLength === 0) this.#pageFrom = place;
        this.#page.set(data?.subarray(at, at + count) ?? zeroes.subarray(0, count), this.#pageLength);
        this.#pageLength += count;
      }
      at += count;
    }
  }

  #endPage(): void {
    if (this.#pageLength > 0) this.#count(this.#pageFrom, this.#page.subarray(0, this.#pageLength));
    this.#pageLength = 0;
  }

  #count(offset: number, data: Uint8Array): void {
    if (zeroes.compare(data, 0, data.length, 0, data.length) === 0) return;
    if (this.#filled + pageHeader + data.length > gathered) this.#flush();
    this.#gathered.writeUInt32LE(offset - this.#block * this.#blockSize, this.#filled);
    this.#gathered.writeUInt32LE(data.length, this.#filled + 4);
    this.#gathered.set(data, this.#filled + pageHeader);
    this.#filled += pageHeader + data.length;
  }

  #flush(): void {
    if (this.#filled > 0) this.#hash.update(this.#gathered.subarray(0, this.#filled));
    this.#filled = 0;
  }
}
