import type { Image, SnapshotEntry } from "rbd-native";
import type { Cluster } from "../cluster/cluster.ts";
import { CoppiceError } from "../errors/coppice-error.ts";
import { translated } from "../errors/to-coppice-error.ts";
import type { ByteSource } from "../formats/byte-source.ts";
import type { DiffHeader } from "../formats/diff-record.ts";
import { digesting } from "../formats/digest-bytes.ts";
import { FormatError } from "../formats/format-error.ts";
import { openDiff } from "../formats/open-diff.ts";
import type { Sidecar } from "../formats/sidecar.ts";
import { decompressIfZstd } from "../formats/zstd.ts";
import { openImage } from "../image/open-image.ts";
import { showImageSpec } from "../names/format-image-spec.ts";
import { type ImageSpecLike, toImageOnly } from "../names/to-image-spec.ts";
import { UndoLog } from "../undo/undo-log.ts";
import { findSnapshot } from "./find-snapshot.ts";
import { holdTarget } from "./hold-target.ts";
import { checkPoint, readPoint, writePoint } from "./point-record.ts";
import { prepareHead, setSize, undoHead } from "./target-head.ts";
import type { TransferOptions } from "./transfer-progress.ts";
import { writeRecords } from "./write-records.ts";

export interface ImportDiffOptions extends TransferOptions {
  readonly image: ImageSpecLike;
  /** A diff of version 1 or 2, compressed with zstd or not. A stream is destroyed at the end. */
  readonly source: ByteSource;
  /** What was written beside the diff. With it, image and snapshots are compared by id, and the digest is checked. */
  readonly sidecar?: Sidecar | undefined;
  /** With a sidecar: take the from-snapshot by its name, where nothing is recorded of whose copy it is. */
  readonly trustNames?: boolean | undefined;
}

export interface ImportDiffResult {
  readonly header: DiffHeader;
  /** Whether the head did not hold what the from-snapshot holds, and was rolled back to it first. */
  readonly rolledBack: boolean;
  readonly bytesWritten: number;
  readonly bytesSkipped: number;
}

/**
 * Applies a diff to an image. The from-snapshot must be there, and the head is made to hold what it holds; for a
 * diff from nothing the image must be empty. The to-snapshot is created last, when everything is written, flushed
 * and, with a sidecar, found to have the right digest. Whatever goes wrong, the image is as it was at the
 * from-snapshot (or empty) again.
 *
 * @throws {CoppiceError} `NOT_FOUND` without the from-snapshot, `EXISTS` when the to-snapshot is there already,
 * `NOT_EMPTY`, `NOT_A_COPY` when the from-snapshot is of another image, `UNDO_FAILED`
 * @throws {FormatError} for a diff that is damaged or is not what the sidecar says
 */
export async function importDiff(cluster: Cluster, options: ImportDiffOptions): Promise<ImportDiffResult> {
  const { sidecar, signal } = options;
  const { content } = await decompressIfZstd(options.source);
  const measured = digesting(content);
  await using diff = await openDiff(measured.content, { order: "any" });
  if (sidecar !== undefined) checkHeader(diff.header, sidecar);
  const place = toImageOnly(options.image);
  const spec = showImageSpec(place);
  return await translated({ object: spec, what: `the diff could not be applied to ${spec}` }, async () => {
    await using image = await openImage(cluster, place);
    await holdTarget(image, spec, signal);
    const { from } = await findEnds(image, spec, diff.header, options);
    const rolledBack = await prepareHead(cluster, place, image, from, signal);
    const before = await image.size({ signal });
    const undo = new UndoLog();
    undo.note(`the changes to ${spec}`, () => undoHead(image, from, before));
    try {
      await setSize(image, diff.header.size, signal);
      const counts = await writeRecords(image, diff.records, {
        isEmpty: from === undefined,
        total: diff.header.size,
        signal,
        onProgress: options.onProgress,
      });
      const digest = measured.digest();
      if (sidecar !== undefined && digest.sha256 !== sidecar.content.sha256) {
        throw new FormatError(
          "DIGEST_MISMATCH",
          digest.bytes,
          "the diff has another digest than its sidecar says",
        );
      }
      await finish(image, spec, diff.header, sidecar, undo, signal);
      return { header: diff.header, rolledBack, ...counts };
    } catch (error) {
      return await undo.undoAndThrow(error, "importDiff");
    }
  });
}

function checkHeader(header: DiffHeader, sidecar: Sidecar): void {
  const wanted = { from: sidecar.from?.name, to: sidecar.to?.name, size: sidecar.size };
  for (const field of ["from", "to", "size"] as const) {
    if (header[field] === wanted[field]) continue;
    const problem = `the diff's ${field} is ${header[field] ?? "missing"}, not ${wanted[field] ?? "missing"} as its sidecar says`;
    throw new FormatError("BAD_SIDECAR", 0, problem);
  }
}

async function findEnds(
  image: Image,
  spec: string,
  header: DiffHeader,
  { sidecar, trustNames, signal }: ImportDiffOptions,
): Promise<{ from: SnapshotEntry | undefined }> {
  const snapshots = await image.listSnapshots({ signal });
  if (snapshots.some(({ name }) => name === header.to)) {
    throw new CoppiceError({
      code: "EXISTS",
      call: "importDiff",
      object: `${spec}@${header.to}`,
      message: `${spec} already has a snapshot ${JSON.stringify(header.to)}`,
      hint: "The diff may have been applied before.",
    });
  }
  if (header.from === undefined) return { from: undefined };
  const from = findSnapshot(snapshots, header.from, spec);
  if (sidecar?.from != null) {
    const recorded = await readPoint(image, from.id);
    const wanted = {
      source: sidecar.source,
      snapshot: { name: sidecar.from.name, id: BigInt(sidecar.from.id) },
    };
    if (recorded !== undefined || trustNames !== true) checkPoint(`${spec}@${from.name}`, recorded, wanted);
  }
  return { from };
}

async function finish(
  image: Image,
  spec: string,
  header: DiffHeader,
  sidecar: Sidecar | undefined,
  undo: UndoLog,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { to } = header;
  signal?.throwIfAborted();
  if (to === undefined) return;
  undo.note(`the snapshot ${spec}@${to}`, async () => {
    if (await image.snapshotExists(to)) await image.removeSnapshot(to, { unprotect: true });
  });
  await image.createSnapshot(to);
  if (header.protected === true) await image.protectSnapshot(to);
  if (sidecar?.to == null) return;
  const point = { source: sidecar.source, snapshot: { name: sidecar.to.name, id: BigInt(sidecar.to.id) } };
  await writePoint(image, await image.snapshotId(to), point);
}
