import { randomUUID } from "node:crypto";
import type { Image, SnapshotEntry } from "rbd-native";
import { z } from "zod";
import type { Cluster } from "../../cluster/index.ts";
import { CoppiceError, withCoppiceErrors } from "../../errors/index.ts";
import {
  type ByteSource,
  type DiffHeader,
  decompressIfZstd,
  digesting,
  FormatError,
  openDiff,
  type Sidecar,
} from "../../formats/index.ts";
import { imageFeatures, openImage } from "../../image/index.ts";
import { type ImageSpec, type ImageSpecLike, showImageSpec, toImageOnly } from "../../names/index.ts";
import { defineNote, writeHeader } from "../../notes/index.ts";
import { UndoLog } from "../../operation/index.ts";
import { findSnapshot } from "../source.ts";
import { prepareHead, repairAfterRollback, rollbackNote, setSize, undoHead } from "../target/head.ts";
import {
  checkRoom,
  holdTarget,
  isHeldStillBy,
  isNoRoom,
  lockerName,
  refuseWatchers,
} from "../target/open-target.ts";
import { checkPoint, readPoint, removePoint, writePoint } from "../target/point-record.ts";
import type { TransferOptions } from "../transfer-options.ts";
import { writeRecords } from "./write-records.ts";

const id = z.string().regex(/^\d{1,20}$/);
const bytes = z.int().min(0);
const schema = z.strictObject({
  version: z.literal(2),
  /** The id of the image. A clone or a copy of it inherits its metadata, but not what this says. */
  image: z.string(),
  /** The clients that held the image's exclusive lock for this import, and for taking it back. */
  clients: z.array(z.string()).min(1),
  /** The snapshot that the head held when the import began; null when the head was empty. */
  from: id.nullable(),
  /** The image's snapshots at that time. */
  snapshots: z.array(id),
  /** The image's size at that time, and the size that the import gives it. */
  sizes: z.tuple([bytes, bytes]),
  /** The name under which the import's snapshot is made, before it is recorded and renamed. No other import uses it. */
  snapshot: z.string().min(1),
  /** Whether everything is done but renaming the snapshot and removing this note. */
  isWhole: z.boolean(),
});

/** What an import of a diff writes into its target's metadata before it changes anything. */
type ImportNote = z.infer<typeof schema>;

const importNote = defineNote({
  key: "coppice.import",
  schema,
  what: "the record of an import",
  ifUnreadable: "ignore",
  // Holds an id for each snapshot. As much as an image stream can carry of one key.
  maxBytes: 1024 ** 2,
});

export interface ImportDiffOptions extends TransferOptions {
  readonly image: ImageSpecLike;
  /** A diff of version 1 or 2, compressed with zstd or not. A stream is destroyed at the end. */
  readonly source: ByteSource;
  /** The file that was written beside the diff. With it, image and snapshots are compared by id, and the digest is checked. */
  readonly sidecar?: Sidecar | undefined;
  /** With a sidecar: accept the from-snapshot by its name when there is no record of which snapshot it is a copy of. */
  readonly trustNames?: boolean | undefined;
}

export interface ImportDiffResult {
  readonly header: DiffHeader;
  /** Whether the head differed from the from-snapshot, and was rolled back to it first. */
  readonly rolledBack: boolean;
  readonly bytesWritten: number;
  readonly bytesSkipped: number;
}

/**
 * Applies a diff to an image. The from-snapshot must exist, and the head is made to hold what it holds; for a diff from
 * nothing the image must be empty. The to-snapshot is made last, when everything is written and flushed and, with a
 * sidecar, the digest has been checked.
 *
 * When the import fails or is aborted, the image is again as it was at the from-snapshot, or empty. When its process ends,
 * or the pool is too full for a rollback, the image has no new snapshot of that name, and the next import first takes back
 * what this one left.
 *
 * @throws {CoppiceError} `NOT_FOUND` without the from-snapshot, `EXISTS` when there is a snapshot of the to-snapshot's name,
 * `NOT_EMPTY`, `BUSY` while another client has the image open, `NOT_A_COPY` when the from-snapshot is a copy of another
 * image's, `QUOTA_EXCEEDED`, `NO_SPACE`, `UNDO_FAILED`
 * @throws {FormatError} for a diff that is damaged or differs from what the sidecar says
 */
export async function importDiff(cluster: Cluster, options: ImportDiffOptions): Promise<ImportDiffResult> {
  const { sidecar, signal } = options;
  signal?.throwIfAborted();
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
      const interrupted = await findInterrupted(cluster, place, image, signal);
      await holdTarget(image, spec, signal);
      await repairAfterRollback(image, await rollbackNote.read(image));
      const { poolId } = await cluster.pool(place.pool, place.namespace);
      for (const id of new Set([poolId, await image.dataPoolId({ signal })]))
        await checkRoom(cluster, id, signal);
      const from = await findStart(image, spec, diff.header, options);
      const emptied = await takeBackInterrupted(image, from, interrupted);
      const rolledBack = (await prepareHead(cluster, place, image, from, signal)) || emptied;
      const note = await newImportNote(cluster, image, from, diff.header.size);
      const made: { id?: bigint } = {};
      const undo = new UndoLog();
      let cause: unknown;
      undo.note(`the changes to ${spec}`, async () => {
        try {
          await undoImport(image, from, note, made);
        } catch (error) {
          // Rolling back needs room too. In a full pool it is left to the next import, which begins with it.
          if (!isNoRoom(error) || !isNoRoom(cause)) throw error;
        }
      });
      try {
        await importNote.write(image, note);
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
        await importNote.remove(image);
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

/**
 * Finds the snapshot that a diff starts from, and checks that it is the one that the sidecar names.
 *
 * @returns Undefined for a diff from nothing.
 */
async function findStart(
  image: Image,
  spec: string,
  header: DiffHeader,
  { sidecar, trustNames, signal }: ImportDiffOptions,
): Promise<SnapshotEntry | undefined> {
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
  if (header.from === undefined) return undefined;
  const from = findSnapshot(snapshots, header.from, spec);
  if (sidecar?.from != null) {
    const recorded = await readPoint(image, from.id);
    const wanted = {
      source: sidecar.source,
      snapshot: { name: sidecar.from.name, id: BigInt(sidecar.from.id) },
    };
    if (recorded !== undefined || trustNames !== true) checkPoint(`${spec}@${from.name}`, recorded, wanted);
  }
  return from;
}

async function newImportNote(
  cluster: Cluster,
  image: Image,
  from: SnapshotEntry | undefined,
  size: number,
): Promise<ImportNote> {
  const snapshots = await image.listSnapshots();
  return {
    version: 2,
    image: image.id,
    clients: [lockerName(await cluster.clientId())],
    from: from === undefined ? null : String(from.id),
    snapshots: snapshots.map(({ id }) => String(id)),
    sizes: [await image.size(), size],
    snapshot: `coppice-import-${randomUUID()}`,
    isWhole: false,
  };
}

/**
 * Makes the snapshot of an import under a name of its own, records what it is a copy of, and gives it its name: a snapshot
 * that has its name is whole and recorded, whenever this process ends.
 *
 * @param made Is given the snapshot's id.
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
  await importNote.write(image, { ...note, isWhole: true });
  await image.renameSnapshot(note.snapshot, to);
}

/** Takes back what a failed import did. If the process ends meanwhile, the note is still there for the next import. */
async function undoImport(
  image: Image,
  from: SnapshotEntry | undefined,
  note: ImportNote,
  made: { readonly id?: bigint },
): Promise<void> {
  if (made.id !== undefined) await importNote.write(image, note);
  for (const snapshot of await image.listSnapshots()) {
    if (snapshot.name === note.snapshot || snapshot.id === made.id) await removeMade(image, snapshot);
  }
  await undoHead(image, from, note.sizes[0]);
  await importNote.remove(image);
}

/** An import that was killed. */
interface Interrupted {
  readonly note: ImportNote;
  /** Whether no other client can have written to the image since. */
  readonly isUntouched: boolean;
}

/**
 * Finds what a killed import noted, and whether it still holds the exclusive lock. This client is noted too, before it takes
 * the lock over: it may be killed as well.
 */
async function findInterrupted(
  cluster: Cluster,
  place: ImageSpec,
  image: Image,
  signal: AbortSignal | undefined,
): Promise<Interrupted | undefined> {
  const note = await importNote.read(image);
  if (note?.image !== image.id) return undefined;
  const hasJournal = ((await image.features({ signal })) & imageFeatures.journaling) !== 0n;
  if (hasJournal || !(await isHeldStillBy(image, note.clients, signal))) return { note, isUntouched: false };
  refuseWatchers((await image.listWatchers({ signal })).length - 1, showImageSpec(place));
  const clients = [...new Set([...note.clients, lockerName(await cluster.clientId())])];
  const taken = { ...note, clients };
  await writeHeader(await cluster.pool(place.pool, place.namespace), image.id, [importNote.set(taken)]);
  return { note: taken, isUntouched: true };
}

/**
 * Takes back what a killed import left: the snapshot that has not been renamed yet; and the data on the head, when the
 * import found the head empty, no other client can have written to it since, and the image's size and snapshots have not
 * changed. A head that held a snapshot's data
 * is rolled back by the next transfer.
 *
 * @param image Open for writing, by this process alone.
 * @param from The snapshot that the next import builds on.
 * @returns Whether the head was emptied.
 * @throws RbdError
 */
async function takeBackInterrupted(
  image: Image,
  from: SnapshotEntry | undefined,
  interrupted: Interrupted | undefined,
): Promise<boolean> {
  if (interrupted === undefined) return false;
  const { note } = interrupted;
  const snapshots = await image.listSnapshots();
  const unnamed = snapshots.find(({ name }) => name === note.snapshot);
  const isDone = note.isWhole && unnamed === undefined;
  if (unnamed !== undefined) {
    await importNote.write(image, { ...note, isWhole: false });
    await removeMade(image, unnamed);
  }
  const others = snapshots.filter((snapshot) => snapshot !== unnamed).map(({ id }) => String(id));
  const isUntouched =
    interrupted.isUntouched &&
    others.length === note.snapshots.length &&
    others.every((other) => note.snapshots.includes(other)) &&
    [0, ...note.sizes].includes(await image.size());
  if (isDone || !isUntouched || note.from !== null || from !== undefined) return false;
  await undoHead(image, undefined, note.sizes[0]);
  return true;
}

/** Removes a snapshot that an import made, and its record. The import's note must not say any more that it is whole. */
async function removeMade(image: Image, { id, name }: Pick<SnapshotEntry, "id" | "name">): Promise<void> {
  await removePoint(image, id);
  await image.removeSnapshot(name, { unprotect: true });
}
