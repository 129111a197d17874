import { allSettledOrThrow } from "../../parallel/together.ts";
import type { Chunk } from "./chunk-pool.ts";
import { DigestThread } from "./digest-thread.ts";

/** Lower-case hex digits. */
export interface Digests {
  md5: string;
  sha256: string;
}

/** MD5 and SHA-256 of the same bytes, in one pass, each in a thread of its own: they take longer than all the rest. */
export class DigestPair implements AsyncDisposable {
  readonly #md5 = new DigestThread("md5");
  readonly #sha256 = new DigestThread("sha256");

  /** Adds the bytes of a chunk, in the order of the calls. Resolves when they are not needed any more. */
  async update(chunk: Chunk): Promise<void> {
    const order = { memory: chunk.buffer, length: chunk.length };
    await allSettledOrThrow([this.#md5.ask(order), this.#sha256.ask(order)]);
  }

  /** Adds so many zeros. */
  async updateZeros(zeros: number): Promise<void> {
    await allSettledOrThrow([this.#md5.ask({ zeros }), this.#sha256.ask({ zeros })]);
  }

  /** Once only, at the end. */
  async digest(): Promise<Digests> {
    const [md5, sha256] = await allSettledOrThrow([this.#md5.ask("digest"), this.#sha256.ask("digest")]);
    return { md5: md5 ?? "", sha256: sha256 ?? "" };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await allSettledOrThrow([this.#md5[Symbol.asyncDispose](), this.#sha256[Symbol.asyncDispose]()]);
  }
}
