import type { Image } from "rbd-native";
import { z } from "zod";
import { CoppiceError, hasCode } from "../../errors/index.ts";
import { type ImageIdentity, isSameImage } from "../source.ts";
import type { HeaderChange } from "./change-header.ts";
import type { TargetFacts } from "./open-target.ts";

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

/** Which snapshot of which image a copied snapshot is of. */
interface PointRecord {
  readonly source: ImageIdentity;
  readonly snapshot: { readonly name: string; readonly id: bigint };
}

/** Image metadata of the copy, one for each of its snapshots. Snapshot ids are not used again. */
const key = (snapshotId: bigint) => `coppice.point.${snapshotId}`;

/** @returns Undefined when the snapshot was made by something else. */
export async function readPoint(image: Image, snapshotId: bigint): Promise<PointRecord | undefined> {
  return recordOf(await readNote(image, key(snapshotId), schema));
}

/** The same of metadata that was read already. */
export function pointIn({ metadata }: TargetFacts, snapshotId: bigint): PointRecord | undefined {
  return recordOf(parseNote(metadata(key(snapshotId)), schema));
}

export async function writePoint(image: Image, snapshotId: bigint, point: PointRecord): Promise<void> {
  await writeNote(image, key(snapshotId), toNote(point));
}

export function notePoint(snapshotId: bigint, point: PointRecord): HeaderChange {
  return { type: "set", key: key(snapshotId), value: JSON.stringify(toNote(point)) };
}

type Note = z.infer<typeof schema>;

function toNote({ source, snapshot }: PointRecord): Note {
  return { version: 1, source, snapshot: { name: snapshot.name, id: String(snapshot.id) } };
}

function recordOf(note: Note | undefined): PointRecord | undefined {
  if (note === undefined) return undefined;
  const { source, snapshot } = note;
  return { source, snapshot: { name: snapshot.name, id: BigInt(snapshot.id) } };
}

/** Forgets what a snapshot that is gone was of. */
export async function removePoint(image: Image, snapshotId: bigint): Promise<void> {
  await removeNote(image, key(snapshotId));
}

/** Whether a copied snapshot is recorded as one of that snapshot, by ids. */
export function isPointOf(recorded: PointRecord | undefined, wanted: PointRecord): boolean {
  return (
    recorded !== undefined &&
    recorded.snapshot.id === wanted.snapshot.id &&
    isSameImage(recorded.source, wanted.source)
  );
}

/**
 * Compares what is recorded of a copied snapshot with what it should be of.
 *
 * @param spec The copied snapshot's spec, for the error.
 * @throws {CoppiceError} `NOT_A_COPY` when it is of something else, or when nothing is recorded.
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
        ? `nothing says that ${spec} is a copy of ${needed}`
        : `${spec} is a copy of another snapshot than ${needed}, though it has the same name`,
    hint: "Begin with a full copy; or trust the names, if you know that they mean the same.",
  });
}

/**
 * Reads what a transfer noted in an image's metadata, as JSON.
 *
 * @returns Undefined when nothing stands there, or something else than the schema says.
 * @throws RbdError
 */
export async function readNote<Note>(
  image: Image,
  key: string,
  schema: z.ZodType<Note>,
): Promise<Note | undefined> {
  try {
    return parseNote(await image.getMetadata(key), schema);
  } catch (error) {
    if (hasCode(error, "NOT_FOUND")) return undefined;
    throw error;
  }
}

/** The same of text that was read already; undefined where there was none. */
export function parseNote<Note>(text: string | undefined, schema: z.ZodType<Note>): Note | undefined {
  if (text === undefined) return undefined;
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

export async function writeNote(image: Image, key: string, note: object): Promise<void> {
  await image.setMetadata(key, JSON.stringify(note));
}

/** Idempotent. */
export async function removeNote(image: Image, key: string): Promise<void> {
  try {
    await image.removeMetadata(key);
  } catch (error) {
    if (!hasCode(error, "NOT_FOUND")) throw error;
  }
}
