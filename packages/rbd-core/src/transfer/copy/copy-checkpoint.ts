import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { HeaderChange } from "../target-image/change-header.ts";
import { parseNote } from "../target-image/image-note.ts";
import type { TargetFacts } from "../target-image/target-facts.ts";

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

/** What stands in a target's metadata. */
export function checkpointIn({ metadata }: TargetFacts): CopyCheckpoint | undefined {
  return parseNote(metadata(key), schema);
}

export function noteCheckpoint(checkpoint: CopyCheckpoint): HeaderChange {
  return { type: "set", key, value: JSON.stringify(checkpoint) };
}

export const removeCheckpoint: HeaderChange = { type: "remove", key };

/** Whether two checkpoints are of the same copy, however far each is. */
export function isSameCopy(a: CopyCheckpoint, b: CopyCheckpoint): boolean {
  const { done: _, snapshot: __, ...x } = a;
  const { done: ___, snapshot: ____, ...y } = b;
  return Object.entries(x).every(([field, value]) => value === y[field as keyof typeof y]);
}
