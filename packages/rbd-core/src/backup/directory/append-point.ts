import { join } from "node:path";
import { CoppiceError, hasCode } from "../../errors/index.ts";
import {
  compressZstd,
  decompressIfZstd,
  digesting,
  FormatError,
  formatSidecar,
  openDiff,
  type Sidecar,
} from "../../formats/index.ts";
import { showImageSpec } from "../../names/index.ts";
import {
  type DigestManifest,
  digestRecords,
  exportDiff,
  type TransferProgress,
} from "../../transfer/index.ts";
import type { AppendedPoint, AppendOptions, NewPoint } from "../backup-target.ts";
import {
  type FileDigest,
  givePartialItsName,
  readVerified,
  removeFile,
  writeFileDurably,
  writePartial,
} from "./files.ts";
import { dataFiles } from "./layout.ts";
import { paced } from "./point-data.ts";

export interface AppendPointOptions extends AppendOptions {
  /** The level of zstd; stored as it is without it. */
  readonly compression: number | undefined;
  /** Called right before something gets its final name. */
  readonly confirm: () => Promise<void>;
}

/**
 * Writes what changed since a new point's parent, or everything, to a file in a chain's folder, reads the file back, and
 * writes the sidecar. The file has its final name only when it is whole, and no record speaks of it yet.
 *
 * @throws {CoppiceError} `NOT_A_COPY` when the source's snapshot is not the one that the parent is a copy of,
 * `VERIFICATION_FAILED` when what is read back differs
 */
export async function appendPoint(
  folder: string,
  point: NewPoint,
  { compression, confirm, signal, onProgress, limits, fastDiff }: AppendPointOptions,
): Promise<AppendedPoint> {
  const { image, from, to, cluster } = point.source;
  const written: { sidecar?: Sidecar; counts?: TransferProgress } = {};
  const diff = exportDiff(cluster, {
    image,
    to,
    from: from ?? undefined,
    fastDiff,
    signal,
    onSidecar: (made) => {
      written.sidecar = made;
    },
    onProgress: (progress) => {
      written.counts = progress;
      onProgress?.(progress);
    },
  });
  const content = paced(diff, limits, signal);
  const stored = compression === undefined ? content : compressZstd(content, { level: compression });
  const names = dataFiles(point.id, 1, compression !== undefined);
  const partial = await writePartial(join(folder, names.diff), stored, signal);
  const { sidecar, counts } = written;
  if (sidecar === undefined || counts === undefined) throw new Error("an export ended without its sidecar");
  try {
    checkStart(point, sidecar);
    const digests = await readBack(partial.name, { ...sidecar, isStored: partial }, signal);
    const { bytes, sha256 } = partial;
    await givePartialItsName(partial.name, join(folder, names.diff), confirm);
    const full =
      compression === undefined
        ? sidecar
        : { ...sidecar, stored: { bytes, sha256, compression: "zstd" as const } };
    await writeFileDurably(join(folder, names.sidecar), Buffer.from(formatSidecar(full)), confirm);
    const { size, objectSize } = sidecar;
    const { bytesRead, bytesWritten, bytesSkipped } = counts;
    const place = { kind: "diff", file: names.diff, sidecar: names.sidecar, digests: names.digests } as const;
    return {
      stored: { ...place, bytes, sha256 },
      size,
      objectSize,
      digests,
      bytesRead,
      bytesWritten,
      bytesSkipped,
    };
  } catch (error) {
    await removeFile(partial.name).catch(() => {});
    throw error;
  }
}

/** @throws {CoppiceError} `NOT_A_COPY` unless the diff starts at the very snapshot that the parent is a copy of */
function checkStart({ parent, source }: NewPoint, { source: image, from }: Sidecar): void {
  if (parent === null && from === null) return;
  const isSame =
    parent !== null &&
    from !== null &&
    parent.source.fsid === image.fsid &&
    parent.source.poolId === image.poolId &&
    parent.source.imageId === image.imageId &&
    parent.source.snapshot.id === from.id &&
    parent.source.snapshot.name === from.name;
  if (isSame) return;
  throw new CoppiceError({
    code: "NOT_A_COPY",
    call: "appendPoint",
    object: showImageSpec(source.image),
    message: `the backup ${parent?.id ?? "before"} is not a copy of the snapshot that the changes start from`,
    hint: "Make a full backup, which begins a new chain.",
  });
}

/** A file that was just written, and what should be in it. */
interface Written {
  /** Before compression. */
  readonly content: FileDigest;
  readonly size: number;
  readonly objectSize: number;
  readonly isStored: FileDigest;
}

/**
 * Reads a file that was just written, and takes the digests of its blocks.
 *
 * @throws {CoppiceError} `VERIFICATION_FAILED` when it is not what was written
 */
export async function readBack(
  path: string,
  { content: expected, objectSize, isStored }: Written,
  signal: AbortSignal | undefined,
): Promise<DigestManifest> {
  try {
    const { content } = await decompressIfZstd(readVerified(path, isStored, { signal }));
    const measured = digesting(content);
    await using diff = await openDiff(measured.content);
    const digests = await digestRecords(diff.header, diff.records, { blockSize: objectSize, signal });
    const { bytes, sha256 } = measured.digest();
    if (bytes === expected.bytes && sha256 === expected.sha256) return digests;
  } catch (error) {
    if (!(error instanceof FormatError) && !hasCode(error, "IO")) throw error;
    throw notWritten(path, error);
  }
  throw notWritten(path);
}

function notWritten(path: string, cause?: unknown): CoppiceError {
  return new CoppiceError({
    code: "VERIFICATION_FAILED",
    call: "readBack",
    object: path,
    message: `what was read back from ${path} is not what was written to it`,
    hint: "Check the disk and the network behind the directory. The file is not used.",
    cause,
  });
}
