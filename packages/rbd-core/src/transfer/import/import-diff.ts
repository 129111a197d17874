import type { Image, SnapshotEntry } from "rbd-native";
import type { Cluster } from "../../cluster/index.ts";
import { CoppiceError, withCoppiceErrors } from "../../errors/index.ts";
import {
  type ByteSource,
  type DiffHeader,
  type DiffRecord,
  decompressIfZstd,
  digesting,
  FormatError,
  openDiff,
  type Sidecar,
} from "../../formats/index.ts";
import { openImage } from "../../image/index.ts";
import { type ImageSpecLike, showImageSpec, toImageOnly } from "../../names/index.ts";
import { UndoLog } from "../../operation/index.ts";
import { findSnapshot } from "../source.ts";
import { prepareHead, setSize, undoHead } from "../target/head.ts";
import { checkRoom, holdTarget, isNoRoom } from "../target/open-target.ts";
import { checkPoint, readPoint, writePoint } from "../target/point-record.ts";
import type { TransferOptions } from "../transfer-options.ts";
import {
  type ImportNote,
  newImportNote,
  removeImportNote,
  removeMade,
  takeBackInterrupted,
  writeImportNote,
} from "./interrupted-import.ts";
import { type WriteWindow, writeRecords } from "./write-window.ts";

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
 * diff from nothing the image must be empty. The to-snapshot is there last, when everything is written, flushed
 * and, with a sidecar, found to have the right digest. Whatever goes wrong, the image is as it was at the
 * from-snapshot (or empty) again. When the process ends on the way, or its pool is too full to be rolled back, the image
 * has no new snapshot of that name, and the next import begins by taking back what this one left.
 *
 * @throws {CoppiceError} `NOT_FOUND` without the from-snapshot, `EXISTS` when the to-snapshot is there already,
 * `NOT_EMPTY`, `BUSY` while somebody else has the image open, `NOT_A_COPY` when the from-snapshot is of another image,
 * `QUOTA_EXCEEDED`, `NO_SPACE`, `UNDO_FAILED`
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
  return await withCoppiceErrors(
    { object: spec, what: `the diff could not be applied to ${spec}` },
    async () => {
      await using image = await openImage(cluster, place);
      await holdTarget(image, spec, signal);
      const { poolId } = await cluster.pool(place.pool, place.namespace);
      for (const id of new Set([poolId, await image.dataPoolId({ signal })]))
        await checkRoom(cluster, id, signal);
      const { from } = await findEnds(image, spec, diff.header, options);
      const emptied = await takeBackInterrupted(image, from);
      const rolledBack = (await prepareHead(cluster, place, image, from, signal)) || emptied;
      const note = await newImportNote(image, from, diff.header.size);
      const made: { id?: bigint } = {};
      const undo = new UndoLog();
      let cause: unknown;
      undo.note(`the changes to ${spec}`, async () => {
        try {
          await undoImport(image, from, note, made);
        } catch (error) {
          // Rolling back can need room too, where there is none: it is left to the next import, which begins with it.
          if (!isNoRoom(error) || !isNoRoom(cause)) throw error;
        }
      });
      try {
        await writeImportNote(image, note);
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
        signal?.throwIfAborted();
        await makePoint(image, diff.header, sidecar, note, made);
        await removeImportNote(image);
        return { header: diff.header, rolledBack, ...counts };
      } catch (error) {
        cause = error;
        return await undo.undoAndThrow(error, "importDiff");
      }
    },
  );
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

/**
 * Makes the snapshot of an import, records what it is of, and gives it its name: a snapshot that has its name is whole
 * and recorded, whenever this ends.
 *
 * @param made Is told the snapshot's id.
 */
async function makePoint(
  image: Image,
  { to, protected: isProtected }: DiffHeader,
  sidecar: Sidecar | undefined,
  note: ImportNote,
  made: { id?: bigint },
): Promise<void> {
  if (to === undefined) return;
  await image.createSnapshot(note.snapshot);
  made.id = await image.snapshotId(note.snapshot);
  if (isProtected === true) await image.protectSnapshot(note.snapshot);
  if (sidecar?.to != null) {
    const point = { source: sidecar.source, snapshot: { name: sidecar.to.name, id: BigInt(sidecar.to.id) } };
    await writePoint(image, made.id, point);
  }
  await writeImportNote(image, { ...note, isWhole: true });
  await image.renameSnapshot(note.snapshot, to);
}

/** Makes an image what it was. Should this end on the way, the note is still there for the next import. */
async function undoImport(
  image: Image,
  from: SnapshotEntry | undefined,
  note: ImportNote,
  made: { readonly id?: bigint },
): Promise<void> {
  if (made.id !== undefined) await writeImportNote(image, note);
  for (const snapshot of await image.listSnapshots()) {
    if (snapshot.name === note.snapshot || snapshot.id === made.id) await removeMade(image, snapshot);
  }
  await undoHead(image, from, note.sizes[0]);
  await removeImportNote(image);
}

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
