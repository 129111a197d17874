import { CoppiceError } from "../../errors/coppice-error.ts";
import { untilAborted } from "../bytes/until-aborted.ts";

/**
 * Passes a source's bytes on, ends at once when the signal aborts, and says of a failure that it was the source's.
 *
 * @throws {CoppiceError} `IO`; the signal's reason
 */
export async function* readSource(
  bytes: AsyncIterable<Uint8Array>,
  name: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  let read = 0;
  const iterator = untilAborted(bytes, signal)[Symbol.asyncIterator]();
  let ended = false;
  try {
    for (;;) {
      const next = await nextOf(iterator, name, read, signal);
      if (next.done) {
        ended = true;
        return;
      }
      read += next.value.length;
      yield next.value;
    }
  } finally {
    if (!ended) await iterator.return?.();
  }
}

async function nextOf(
  iterator: AsyncIterator<Uint8Array, void>,
  name: string,
  read: number,
  signal: AbortSignal | undefined,
): Promise<IteratorResult<Uint8Array, void>> {
  try {
    return await iterator.next();
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof CoppiceError) throw cause;
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new CoppiceError({
      code: "IO",
      call: "importTemplate",
      object: name,
      message: `${name} broke off after ${read} bytes: ${text}`,
      hint: "Find out why, and import again from the start.",
      cause,
    });
  }
}
