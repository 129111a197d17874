import { type FileHandle, open } from "node:fs/promises";
import { Readable } from "node:stream";
import type { Cluster } from "../../cluster/index.ts";
import { toCoppiceError } from "../../errors/index.ts";
import type { DiffRecord } from "../../formats/index.ts";
import type { ImageSpecLike } from "../../names/index.ts";
import { type OpenSourceOptions, openSource } from "../source.ts";
import type { TransferOptions } from "../transfer-options.ts";
import { diffRecords } from "./export-diff.ts";

const zeroes = Buffer.alloc(1024 ** 2);

export interface ExportRawOptions extends OpenSourceOptions, TransferOptions {
  readonly image: ImageSpecLike;
  readonly snapshot: string;
}

/**
 * A stream of a snapshot's bytes, holes as zeroes.
 *
 * @throws {CoppiceError} through the stream; the signal's reason.
 */
export function exportRaw(cluster: Cluster, options: ExportRawOptions): Readable {
  return Readable.from(bytes(cluster, options), { objectMode: false });
}

async function* bytes(
  cluster: Cluster,
  options: ExportRawOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  let position = 0;
  const gap = function* (until: number) {
    for (; position < until; position += Math.min(zeroes.length, until - position)) {
      yield zeroes.subarray(0, until - position);
    }
  };
  for await (const { record, size } of snapshotRecords(cluster, options)) {
    if (record === undefined) yield* gap(size);
    else if (record.type === "data") {
      yield* gap(record.offset);
      yield record.data;
      position += record.data.length;
    }
  }
}

/**
 * Writes a snapshot's bytes to a new file, holes as holes.
 *
 * @throws {CoppiceError}; the file system's error (`EEXIST` when the file is there); the signal's reason. What was
 * written is left.
 */
export async function exportRawFile(
  cluster: Cluster,
  path: string,
  options: ExportRawOptions,
): Promise<void> {
  options.signal?.throwIfAborted();
  await using file = await open(path, "wx");
  for await (const { record, size } of snapshotRecords(cluster, options)) {
    if (record === undefined) await file.truncate(size);
    else if (record.type === "data") await writeAll(file, record.data, record.offset);
  }
  await file.sync();
}

async function writeAll(file: FileHandle, data: Uint8Array, offset: number): Promise<void> {
  for (let done = 0; done < data.length; ) {
    done += (await file.write(data, done, data.length - done, offset + done)).bytesWritten;
  }
}

/** The records of a full diff, and at last one step without a record. */
async function* snapshotRecords(
  cluster: Cluster,
  options: ExportRawOptions,
): AsyncGenerator<{ record: DiffRecord | undefined; size: number }, void, undefined> {
  const range = { image: options.image, to: options.snapshot };
  await using source = await openSource(cluster, range, options);
  const { size } = source;
  try {
    for await (const record of diffRecords(source, options)) yield { record, size };
    yield { record: undefined, size };
  } catch (error) {
    throw toCoppiceError(error, { object: `${source.spec}@${options.snapshot}` });
  }
}
