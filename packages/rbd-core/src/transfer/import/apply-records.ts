import type { DiffRecord } from "../../formats/diff-record.ts";
import type { WriteWindow } from "./write-window.ts";

/** Data is gathered up to the next multiple of this many bytes before it is written. */
const block = 4 * 1024 ** 2;

/**
 * Writes a diff's records.
 *
 * @param onOffset Called with how far in the image they are.
 */
export async function applyRecords(
  records: AsyncIterable<DiffRecord>,
  window: WriteWindow,
  options: { readonly signal?: AbortSignal | undefined; readonly onOffset?: (offset: number) => void } = {},
): Promise<void> {
  const { signal, onOffset } = options;
  let [start, held, size]: [number, Uint8Array[], number] = [0, [], 0];
  const flush = async () => {
    if (size === 0) return;
    const data = Buffer.concat(held, size);
    const offset = start;
    [held, size] = [[], 0];
    await window.write(offset, data);
  };
  for await (const record of records) {
    signal?.throwIfAborted();
    onOffset?.(record.offset);
    if (record.type === "data") {
      for (let taken = 0; taken < record.data.length; ) {
        const offset = record.offset + taken;
        if (size === 0) start = offset;
        const room = block - (offset % block);
        const piece = record.data.subarray(taken, taken + room);
        held.push(piece);
        size += piece.length;
        taken += piece.length;
        if (piece.length === room) await flush();
      }
      continue;
    }
    await flush();
    if (record.type === "zero") await window.zero(record.offset, record.length);
  }
  await flush();
}
