import { z } from "zod";
import { CoppiceError } from "../errors/index.ts";
import { showImageSpec } from "../names/index.ts";
import type { Operation } from "../operation/index.ts";
import { type ClonePlan, changesSource } from "./clone-plan.ts";
import type { PreparedClone } from "./prepare.ts";
import type { SourceFacts } from "./search/source.ts";

const snapshotSchema = z.strictObject({
  name: z.string(),
  /** Whether it is created: then it is the snapshot of that name with a larger id than `after`. */
  created: z.boolean(),
  /** Whether it is protected, and was not before. */
  protected: z.boolean(),
  /** The largest id that a snapshot of the source had before, as a decimal number. */
  after: z.string().regex(/^\d+$/),
});

const schema = z.strictObject({
  /** What is cloned; `null` for an empty volume. */
  source: z
    .strictObject({ pool: z.string(), namespace: z.string(), image: z.string(), id: z.string() })
    .nullable(),
  /** What is done besides cloning a snapshot that is there. `null`: nothing, or nothing yet. */
  changes: z
    .strictObject({
      /** What is made on the source. `null`: nothing. */
      snapshot: snapshotSchema.nullable(),
      flatten: z.boolean(),
      /** Bytes, of the image in the end. */
      size: z.int(),
    })
    .nullable(),
  /** The id of the new image, from when it is a whole clone that begins to be flattened. */
  clone: z.string().nullable(),
  /** The protected snapshot that a template gets in the end; `null` for anything but a template. */
  templateSnapshot: z.string().nullable(),
});

/** What the record of a clone, a volume or a template says. */
export type CloneRecord = z.infer<typeof schema>;

/** What is recorded when nothing has been planned yet. */
export function newCloneRecord(
  source: Pick<SourceFacts, "spec" | "id"> | null,
  templateSnapshot: string | null = null,
): CloneRecord {
  const { pool, namespace, image } = source?.spec ?? { pool: "", namespace: "", image: "" };
  const from = source === null ? null : { pool, namespace, image, id: source.id };
  return { source: from, changes: null, clone: null, templateSnapshot };
}

/** @throws {CoppiceError} `UNSUPPORTED` when another version wrote it */
export function readCloneRecord(operation: Operation): CloneRecord {
  const { interrupted, place, record } = operation;
  const { details } = interrupted ?? record;
  // Its process died before it knew what to do.
  if (details === null) return newCloneRecord(null);
  const read = schema.safeParse(details);
  if (read.success) return read.data;
  const object = showImageSpec(place);
  throw new CoppiceError({
    code: "UNSUPPORTED",
    call: "readCloneRecord",
    object,
    message: `the record of the interrupted operation on ${object} cannot be read`,
    hint: "A newer version of Coppice may have written it. Finish the operation with that version.",
    cause: read.error,
  });
}

/** Whether a plan does more than clone a snapshot that is there. */
export function changesMore(plan: ClonePlan): boolean {
  return changesSource(plan) || plan.flatten || plan.size > plan.sourceSize;
}

/** The largest id that a snapshot of the source has had, as far as that is known. */
export function newestSnapshot({ history, snapshots }: SourceFacts): bigint {
  return history?.sequence ?? snapshots.at(-1)?.id ?? 0n;
}

/** Records what will be changed, before it is. */
export async function recordPlan(operation: Operation, { plan, facts }: PreparedClone): Promise<void> {
  const { snapshot, protect, flatten, size } = plan;
  const onSource = {
    name: snapshot.name,
    created: snapshot.action === "create",
    protected: protect,
    after: String(newestSnapshot(facts)),
  };
  const changes = { snapshot: changesSource(plan) ? onSource : null, flatten, size };
  await operation.update({ ...(operation.record.details as CloneRecord), changes });
}

/** Records that the new image is a whole clone, before it is flattened: a flattened image has no parent to tell. */
export async function recordClone(operation: Operation, id: string): Promise<void> {
  await operation.update({ ...(operation.record.details as CloneRecord), clone: id });
}
