import { checkBytes } from "../bytes/rechunk.ts";

/** Looks at the first bytes of a stream without losing them. Disposing ends the stream early. */
export interface Peeked extends AsyncDisposable {
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
