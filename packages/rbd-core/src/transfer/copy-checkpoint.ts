import { randomUUID } from "node:crypto";
import type { Image } from "rbd-native";
import { z } from "zod";
import { hasCode } from "../errors/to-coppice-error.ts";
import { readNote, writeNote } from "./image-note.ts";

const id = z.string().regex(/^\d{1,20}$/);
const schema = z.strictObject({
  version: z.literal(1),
  fsid: z.string(),
  poolId: z.number(),
  imageId: z.string(),
  from: id.nullable(),
  to: id,
  /** The snapshot of the target that its head held when the copy began. */
  targetFrom: id.nullable(),
  /** The name under which the target's snapshot is made, before it is recorded and gets its own: nobody else's. */
  snapshot: z.string().min(1),
  /** Everything before this offset is on the target, and flushed. */
  done: z.int().min(0),
});

/**
 * How far a copy is. Kept as metadata of the target: it lives and dies with the data it speaks of.
 */
export type CopyCheckpoint = z.infer<typeof schema>;

const key = "coppice.copy";
const unnamed = "coppice-copy-";

export function newUnnamed(): string {
  return `${unnamed}${randomUUID()}`;
}

/** Whether a snapshot was made of a copy and has not got its own name yet. */
export function isUnnamed(snapshot: string): boolean {
  return snapshot.startsWith(unnamed);
}

export function readCheckpoint(image: Image): Promise<CopyCheckpoint | undefined> {
  return readNote(image, key, schema);
}

export async function writeCheckpoint(image: Image, checkpoint: CopyCheckpoint): Promise<void> {
  await writeNote(image, key, checkpoint);
}

export async function removeCheckpoint(image: Image): Promise<void> {
  try {
    await image.removeMetadata(key);
  } catch (error) {
    if (!hasCode(error, "NOT_FOUND")) throw error;
  }
}

/** Whether two checkpoints are of the same copy, however far each is. */
export function isSameCopy(a: CopyCheckpoint, b: CopyCheckpoint): boolean {
  const { done: _, snapshot: __, ...x } = a;
  const { done: ___, snapshot: ____, ...y } = b;
  return Object.entries(x).every(([field, value]) => value === y[field as keyof typeof y]);
}
