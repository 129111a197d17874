import { randomUUID } from "node:crypto";
import type { Image, SnapshotEntry } from "rbd-native";
import { z } from "zod";
import { undoHead } from "../target/head.ts";
import { readNote, removeNote, removePoint, writeNote } from "../target/point-record.ts";

const id = z.string().regex(/^\d{1,20}$/);
const bytes = z.int().min(0);
const schema = z.strictObject({
  version: z.literal(1),
  /** The snapshot that the head held when the import began; null when it was empty. */
  from: id.nullable(),
  /** The image's snapshots then. */
  snapshots: z.array(id),
  /** The image's size then, and what the import makes it. */
  sizes: z.tuple([bytes, bytes]),
  /** The name under which the import's snapshot is made, before it is recorded and gets its own: nobody else's. */
  snapshot: z.string().min(1),
  /** Nothing is left to do but to give the snapshot its name, and to remove this. */
  isWhole: z.boolean(),
});

/** What an import of a diff notes in its target's metadata, before it changes anything. */
export type ImportNote = z.infer<typeof schema>;

const key = "coppice.import";

export async function newImportNote(
  image: Image,
  from: SnapshotEntry | undefined,
  size: number,
): Promise<ImportNote> {
  const snapshots = await image.listSnapshots();
  return {
    version: 1,
    from: from === undefined ? null : String(from.id),
    snapshots: snapshots.map(({ id }) => String(id)),
    sizes: [await image.size(), size],
    snapshot: `coppice-import-${randomUUID()}`,
    isWhole: false,
  };
}

export async function writeImportNote(image: Image, note: ImportNote): Promise<void> {
  await writeNote(image, key, note);
}

export async function removeImportNote(image: Image): Promise<void> {
  await removeNote(image, key);
}

/**
 * Takes back what an import that was killed left: the snapshot that has not got its name yet; and the head, when the
 * import found it empty and nobody has changed the image's size or snapshots since. A head that was a snapshot's is for
 * the next transfer to roll back.
 *
 * @param image Open for writing, and by nobody else.
 * @param from What the next import builds on.
 * @returns Whether the head was emptied.
 * @throws RbdError
 */
export async function takeBackInterrupted(image: Image, from: SnapshotEntry | undefined): Promise<boolean> {
  const note = await readNote(image, key, schema);
  if (note === undefined) return false;
  const snapshots = await image.listSnapshots();
  const unnamed = snapshots.find(({ name }) => name === note.snapshot);
  const isDone = note.isWhole && unnamed === undefined;
  if (unnamed !== undefined) {
    await writeImportNote(image, { ...note, isWhole: false });
    await removeMade(image, unnamed);
  }
  const others = snapshots.filter((snapshot) => snapshot !== unnamed).map(({ id }) => String(id));
  const isUntouched =
    others.length === note.snapshots.length &&
    others.every((other) => note.snapshots.includes(other)) &&
    [0, ...note.sizes].includes(await image.size());
  if (isDone || !isUntouched || note.from !== null || from !== undefined) return false;
  await undoHead(image, undefined, note.sizes[0]);
  return true;
}

/** Removes a snapshot that an import made, and what it recorded of it. The note must not say any more that all is done. */
export async function removeMade(
  image: Image,
  { id, name }: Pick<SnapshotEntry, "id" | "name">,
): Promise<void> {
  await removePoint(image, id);
  await image.removeSnapshot(name, { unprotect: true });
}
