import { CoppiceError } from "../../errors/coppice-error.ts";

/**
 * Cuts a stream of any pieces into chunks of `chunkSize` bytes, the last one shorter. Each chunk is memory of its
 * own: the source may use its pieces again at once, and a chunk may be written while the next one is filled.
 *
 * @param take Where the memory of a chunk comes from. Default: it is new.
 *
 * @throws {CoppiceError} `INVALID_ARGUMENT` when a piece is no bytes, as from a stream that decodes text.
 */
export async function* rechunk(
  pieces: AsyncIterable<Uint8Array>,
  chunkSize: number,
  take: () => Buffer = () => Buffer.allocUnsafeSlow(chunkSize),
): AsyncGenerator<Buffer, void, undefined> {
  let chunk = take();
  let filled = 0;
  for await (const piece of pieces) {
    checkBytes(piece);
    for (let taken = 0; taken < piece.length; ) {
      const count = Math.min(piece.length - taken, chunkSize - filled);
      chunk.set(piece.subarray(taken, taken + count), filled);
      taken += count;
      filled += count;
      if (filled < chunkSize) continue;
      yield chunk;
      chunk = take();
      filled = 0;
    }
  }
  if (filled > 0) yield chunk.subarray(0, filled);
}

/** A stream's type says bytes, but one that decodes text or is in object mode delivers something else. */
export function checkBytes(piece: unknown): asserts piece is Uint8Array {
  if (piece instanceof Uint8Array) return;
  throw new CoppiceError({
    code: "INVALID_ARGUMENT",
    call: "importTemplate",
    message: `the stream delivers ${typeof piece === "string" ? "text" : "something other than bytes"}`,
    hint: "Give a stream of bytes: no encoding, no object mode.",
  });
}
