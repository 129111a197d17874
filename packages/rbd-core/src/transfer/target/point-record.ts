import type { Image } from "rbd-native";
import { z } from "zod";
import { CoppiceError } from "../../errors/index.ts";
import { defineNote, type HeaderChange } from "../../notes/index.ts";
import { type ImageIdentity, isSameImage } from "../source.ts";
import type { TargetFacts } from "./open-target.ts";

/** Which snapshot of which image a copied snapshot is a copy of. */
interface PointRecord {
  readonly source: ImageIdentity;
  readonly snapshot: { readonly name: string; readonly id: bigint };
}

const schema = z.strictObject({
  version: z.literal(1),
  source: z.strictObject({
    fsid: z.string(),
    poolId: z.number(),
    imageId: z.string(),
    poolName: z.string(),
    namespace: z.string(),
    imageName: z.string(),
  }),
  snapshot: z.strictObject({ name: z.string(), id: z.string() }),
});

/** The record of one snapshot of a copy, in the copy's metadata. Ceph does not use the id of a snapshot again. */
const pointNote = (snapshotId: bigint) =>
  defineNote({
    key: `coppice.point.${snapshotId}`,
    schema,
    what: "the record of a copied snapshot",
    ifUnreadable: "ignore",
  });

/** Reads the record of a snapshot through an open image. @returns Undefined when no transfer made the snapshot */
export async function readPoint(image: Image, snapshotId: bigint): Promise<PointRecord | undefined> {
  return recordOf(await pointNote(snapshotId).read(image));
}

/** The record of a snapshot, from metadata that was read already. */
export function pointIn({ metadata }: TargetFacts, snapshotId: bigint): PointRecord | undefined {
  const note = pointNote(snapshotId);
  return recordOf(note.parse(metadata(note.key)));
}

export async function writePoint(image: Image, snapshotId: bigint, point: PointRecord): Promise<void> {
  await pointNote(snapshotId).write(image, noteOf(point));
}

/** The change to a header that records a snapshot. */
export function setPoint(snapshotId: bigint, point: PointRecord): HeaderChange {
  return pointNote(snapshotId).set(noteOf(point));
}

/** Removes the record of a snapshot that is about to be removed. */
export async function removePoint(image: Image, snapshotId: bigint): Promise<void> {
  await pointNote(snapshotId).remove(image);
}

function noteOf({ source, snapshot }: PointRecord): z.infer<typeof schema> {
  return { version: 1, source, snapshot: { name: snapshot.name, id: String(snapshot.id) } };
}

function recordOf(note: z.infer<typeof schema> | undefined): PointRecord | undefined {
  if (note === undefined) return undefined;
  const { source, snapshot } = note;
  return { source, snapshot: { name: snapshot.name, id: BigInt(snapshot.id) } };
}

/** Whether a copied snapshot is recorded as a copy of that snapshot, by ids. */
export function isPointOf(recorded: PointRecord | undefined, wanted: PointRecord): boolean {
  return (
    recorded !== undefined &&
    recorded.snapshot.id === wanted.snapshot.id &&
    isSameImage(recorded.source, wanted.source)
  );
}

/**
 * Compares what is recorded of a copied snapshot with the snapshot that it has to be a copy of.
 *
 * @param spec The copied snapshot's spec, for the error.
 * @throws {CoppiceError} `NOT_A_COPY` when it is a copy of another snapshot, or when nothing is recorded.
 */
export function checkPoint(spec: string, recorded: PointRecord | undefined, wanted: PointRecord): void {
  if (isPointOf(recorded, wanted)) return;
  const { poolName, imageName, imageId } = wanted.source;
  const needed = `${poolName}/${imageName}@${wanted.snapshot.name} (image ${imageId}, snapshot ${wanted.snapshot.id})`;
  throw new CoppiceError({
    code: "NOT_A_COPY",
    call: "checkPoint",
    object: spec,
    message:
      recorded === undefined
        ? `there is no record that ${spec} is a copy of ${needed}`
        : `${spec} has the right name, but is a copy of another snapshot than ${needed}`,
    hint: "Begin with a full copy, or set trustNames if you know that the two snapshots hold the same data.",
  });
}
