import type { DiffRecord } from "../../formats/diff-record.ts";
import { readAhead } from "../../parallel/read-ahead.ts";
import { cutExtents } from "../plan/cut-extents.ts";
import type { Source } from "../source-image/open-source.ts";
import { progressOf, type TransferOptions } from "../transfer-progress.ts";

/** The least run of zeroes in data that becomes a zero record, in bytes. What `rbd import-diff` looks for too. */
const grain = 4096;
const mostOperations = 32;
const mostBytes = 64 * 1024 ** 2;
const largestRead = 4 * 1024 ** 2;

/**
 * What changed in a source, with the data, ascending. Holes within objects are not sent over: librbd reads sparse from
 * 64 KiB on (`rbd_sparse_read_threshold_bytes`). Reads ahead, within bounds, of who takes the records.
 * Zeroes in data become zero records, or are left out when the diff starts from nothing.
 *
 * @throws {CoppiceError} `SOURCE_CHANGED` at the end, when a snapshot was removed meanwhile; RbdError
 */
export async function* diffRecords(
  source: Source,
  options: TransferOptions = {},
): AsyncGenerator<DiffRecord, void, undefined> {
  const { signal } = options;
  const { image, size } = source;
  const isFull = source.from === undefined;
  const counts = { bytesRead: 0, bytesWritten: 0, bytesSkipped: 0 };
  const report = progressOf(size, options);
  report("planning", 0, counts);
  const pieces = readAhead(
    cutExtents(source.extents(signal), Math.min(source.objectSize, largestRead)),
    ({ length, exists }) => (exists ? length : 0),
    async (extent) => {
      if (!extent.exists) return { extent, read: undefined };
      return { extent, read: await image.readSparse(extent.offset, extent.length, { grain, signal }) };
    },
    { operations: mostOperations, bytes: mostBytes },
  );
  for await (const { extent, read } of pieces) {
    if (read === undefined) {
      counts.bytesSkipped += extent.length;
      if (!isFull) yield { type: "zero", offset: extent.offset, length: extent.length };
    } else {
      const { data, extents } = read;
      for (let i = 0; i < extents.count; i++) {
        const [offset, length] = [extents.offset(i), extents.length(i)];
        const start = offset - extent.offset;
        if (extents.exists(i)) {
          counts.bytesRead += length;
          counts.bytesWritten += length;
          yield { type: "write", offset, length };
          yield { type: "data", offset, data: data.subarray(start, start + length) };
        } else {
          counts.bytesSkipped += length;
          if (!isFull) yield { type: "zero", offset, length };
        }
      }
    }
    report("copying", extent.offset + extent.length, counts);
  }
  await source.confirm(signal);
  report("finishing", size, counts);
}
