import { Readable } from "node:stream";
import type { Cluster } from "../../cluster/index.ts";
import { readAhead } from "../../concurrency/index.ts";
import { toCoppiceError } from "../../errors/index.ts";
import { coalesce, type DiffRecord, digesting, encodeDiff, type Sidecar } from "../../formats/index.ts";
import { cutExtents } from "../plan.ts";
import { type OpenSourceOptions, openSource, type Source, type SourceRange } from "../source.ts";
import { progressOf, type TransferOptions } from "../transfer-options.ts";

export interface ExportDiffOptions extends SourceRange, OpenSourceOptions, TransferOptions {
  /** Called before the stream ends, with the sidecar to store beside it: identity, sizes and digests. */
  readonly onSidecar?: ((sidecar: Sidecar) => void) | undefined;
  /** The clock of the sidecar's `createdAt`. */
  readonly now?: (() => Date) | undefined;
}

/**
 * A stream of what changed between two snapshots, or of everything at one snapshot, in the rbd diff format, version 1: for
 * `importDiff`, `rbd import-diff` and `rbd merge-diff`. Extents ascend. At most 64 MiB are read ahead of the stream's
 * reader. Destroying the stream ends the export.
 *
 * @throws {CoppiceError} through the stream; the signal's reason.
 */
export function exportDiff(cluster: Cluster, options: ExportDiffOptions): Readable {
  return Readable.from(bytes(cluster, options), { objectMode: false });
}

async function* bytes(
  cluster: Cluster,
  options: ExportDiffOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  await using source = await openSource(cluster, options, options);
  const header = {
    ...(source.from === undefined ? {} : { from: source.from.name }),
    to: source.to.name,
    size: source.size,
  };
  try {
    const { content, digest } = digesting(coalesce(encodeDiff(header, diffRecords(source, options))));
    yield* content;
    const { now = () => new Date() } = options;
    options.onSidecar?.(sidecarOf(source, digest(), now()));
  } catch (error) {
    throw toCoppiceError(error, { object: `${source.spec}@${source.to.name}` });
  }
}

function sidecarOf(source: Source, content: Sidecar["content"], createdAt: Date): Sidecar {
  const snapshot = ({ name, id }: { name: string; id: bigint }) => ({ name, id: String(id) });
  return {
    format: "coppice sidecar",
    version: 1,
    kind: "diff",
    source: source.identity,
    from: source.from === undefined ? null : snapshot(source.from),
    to: snapshot(source.to),
    size: source.size,
    objectSize: source.objectSize,
    content,
    stored: null,
    createdAt: createdAt.toISOString(),
  };
}

/** The shortest run of zeroes in data that becomes a zero record, in bytes. `rbd import-diff` uses the same. */
const grain = 4096;
const readAheadLimits = { operations: 32, bytes: 64 * 1024 ** 2 };
const largestRead = 4 * 1024 ** 2;

/**
 * The changes of a source as the records of a diff, ascending. The OSDs do not send the holes within objects: librbd reads
 * sparse from 64 KiB on (`rbd_sparse_read_threshold_bytes`). Reads ahead of the consumer, within bounds. Zeroes in data
 * become zero records, or are left out when the diff starts from nothing.
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
    readAheadLimits,
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
