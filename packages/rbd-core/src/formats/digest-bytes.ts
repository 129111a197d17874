import { createHash } from "node:crypto";
import type { ByteSource } from "./byte-source.ts";

export interface ByteDigest {
  readonly bytes: number;
  /** In hexadecimal. */
  readonly sha256: string;
}

/**
 * Passes bytes on and takes their digest on the way.
 *
 * @returns The bytes, and a function that gives the digest of all that has passed.
 */
export function digesting(source: ByteSource): {
  readonly content: AsyncGenerator<Uint8Array, void, undefined>;
  digest(): ByteDigest;
} {
  const hash = createHash("sha256");
  let bytes = 0;
  const content = (async function* () {
    for await (const chunk of source) {
      hash.update(chunk);
      bytes += chunk.length;
      yield chunk;
    }
  })();
  return { content, digest: () => ({ bytes, sha256: hash.copy().digest("hex") }) };
}
