import { CoppiceError } from "../../errors/coppice-error.ts";
import type { Chunk, ChunkPool } from "./chunk-pool.ts";

/**
 * Cuts a stream of any pieces into chunks of the pool, each full but the last one. The source may use its pieces again
 * at once. Whoever gets a chunk shares it (see `ChunkPool`); it waits for a free one when there is none.
 *
 * @throws {CoppiceError} `INVALID_ARGUMENT` when a piece is no bytes, as from a stream that decodes text.
 */
export async function* rechunk(
  pieces: AsyncIterable<Uint8Array>,
  pool: ChunkPool,
): AsyncGenerator<Chunk, void, undefined> {
  let chunk: Chunk | undefined;
  let filled = 0;
  for await (const piece of pieces) {
    checkBytes(piece);
    for (let taken = 0; taken < piece.length; ) {
      chunk ??= await pool.take();
      const count = Math.min(piece.length - taken, chunk.length - filled);
      chunk.set(piece.subarray(taken, taken + count), filled);
      taken += count;
      filled += count;
      if (filled < chunk.length) continue;
      yield chunk;
      chunk = undefined;
      filled = 0;
    }
  }
  if (chunk !== undefined) yield chunk.subarray(0, filled);
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
