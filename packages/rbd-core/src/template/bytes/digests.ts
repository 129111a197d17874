import { createHash, type Hash } from "node:crypto";

/** Lower-case hex digits. */
export interface Digests {
  md5: string;
  sha256: string;
}

/** The most that is hashed at one go, so that the event loop is never held up for long. */
const step = 1 << 20;

/** MD5 and SHA-256 of the same bytes, in one pass. */
export class DigestPair {
  readonly #hashes: Record<keyof Digests, Hash> = { md5: createHash("md5"), sha256: createHash("sha256") };

  async update(bytes: Uint8Array): Promise<void> {
    for (let start = 0; start < bytes.length; start += step) {
      if (start > 0) await new Promise(setImmediate);
      const part = bytes.subarray(start, start + step);
      this.#hashes.md5.update(part);
      this.#hashes.sha256.update(part);
    }
  }

  /** Once only, at the end. */
  digest(): Digests {
    return { md5: this.#hashes.md5.digest("hex"), sha256: this.#hashes.sha256.digest("hex") };
  }
}
