import {
  type Cluster,
  CoppiceError,
  checkName,
  createVolumeSnapshot,
  deletionPlan,
  type FindDependants,
  formatImageSpec,
  protectSnapshot,
  renameSnapshot,
  unprotectSnapshot,
} from "rbd-core";
import { z } from "zod";
import { operatorProcedure } from "../../api/procedures.ts";
import { clusterId, queuedTask, typedSpec } from "../../api/schemas.ts";
import { t } from "../../api/trpc.ts";
import { imageObject } from "../../tasks/task.ts";
import type { TaskKind } from "../../tasks/task-kind.ts";
import type { TaskRunner } from "../../tasks/task-runner.ts";
import { plainImage } from "../named-image.ts";
import type { OperationServices } from "../operation-services.ts";

/** Each is over in a moment, unless it waits for a client that holds the exclusive lock. */
const CONCURRENCY = 8;

const snapshotName = z.string().min(1).max(1024);

const onSnapshot = z.object({
  cluster: clusterId,
  /** `pool/[namespace/]image`. */
  image: typedSpec,
  /** The snapshot's name, without the `@`. */
  snapshot: snapshotName,
});

const createInput = onSnapshot.extend({
  /** Protects it from removal, too. */
  protect: z.boolean().default(false),
});

const renameInput = onSnapshot.extend({ name: snapshotName });

/** What a task does to a snapshot. */
const snapshotChange = z.discriminatedUnion("change", [
  createInput.extend({ change: z.literal("create") }),
  renameInput.extend({ change: z.literal("rename") }),
  onSnapshot.extend({ change: z.literal("protect") }),
  onSnapshot.extend({ change: z.literal("unprotect") }),
]);

const snapshotResult = z.object({
  kind: z.literal("snapshot"),
  /** Spec of the snapshot, with its new name. */
  target: z.string(),
  change: z.enum(["create", "rename", "protect", "unprotect"]),
});

type SnapshotChange = z.output<typeof snapshotChange>;
export type SnapshotTaskResult = z.output<typeof snapshotResult>;

/** `snapshots` of the API. A snapshot is removed by `deletion`, which knows what needs it. */
export function snapshotsRouter({ clusters }: OperationServices, runner: TaskRunner) {
  const queue = async (
    ctx: { audit: { object: string | null }; user: { id: string; username: string } },
    input: SnapshotChange,
  ) => {
    ctx.audit.object = specOf(input);
    const checked = canonical(input);
    await clusters.get(input.cluster).whenOpen(); // refuse now what could not begin
    return { taskId: await runner.enqueue(snapshotTask, checked, ctx.user) };
  };
  return t.router({
    /** Queues the creation of a snapshot. */
    create: operatorProcedure
      .input(createInput)
      .output(queuedTask)
      .mutation(({ ctx, input }) => queue(ctx, { ...input, change: "create" })),

    /** Queues giving a snapshot another name. Its clones stay. */
    rename: operatorProcedure
      .input(renameInput)
      .output(queuedTask)
      .mutation(({ ctx, input }) => queue(ctx, { ...input, change: "rename" })),

    /** Queues the protection of a snapshot from removal. */
    protect: operatorProcedure
      .input(onSnapshot)
      .output(queuedTask)
      .mutation(({ ctx, input }) => queue(ctx, { ...input, change: "protect" })),

    /** Queues the removal of that protection. */
    unprotect: operatorProcedure
      .input(onSnapshot)
      .output(queuedTask)
      .mutation(({ ctx, input }) => queue(ctx, { ...input, change: "unprotect" })),
  });
}

/** Refuses a name that does not parse before there is a task. @throws {CoppiceError} `INVALID_NAME` */
function canonical(input: SnapshotChange): SnapshotChange {
  checkName("snapshot", input.snapshot);
  if (input.change === "rename") checkName("snapshot", input.name);
  return { ...input, image: formatImageSpec(plainImage(input.image)) };
}

function specOf({ image, snapshot }: Pick<SnapshotChange, "image" | "snapshot">): string {
  return `${image}@${snapshot}`;
}

/** A change of one snapshot as a task. */
export const snapshotTask: TaskKind<SnapshotChange, SnapshotTaskResult, OperationServices> = {
  kind: "snapshot",
  input: snapshotChange,
  result: snapshotResult,
  concurrency: () => CONCURRENCY,
  title: titleOf,
  object: (input) => imageObject(input.cluster, specOf(input)),
  related: () => [],

  async run(input, task, { clusters, inventories, dependantsOf }) {
    const { signal } = task;
    const spec = specOf(input);
    task.phase(titleOf(input));
    await clusters.get(input.cluster).use(async (cluster) => {
      switch (input.change) {
        case "create": {
          const { image: volume, snapshot: name, protect } = input;
          await createVolumeSnapshot(cluster, { volume, name, protect, signal });
          return;
        }
        case "rename":
          await refuseNeeded(cluster, spec, dependantsOf?.(input.cluster), signal);
          return renameSnapshot(cluster, spec, input.name, { signal });
        case "protect":
          return protectSnapshot(cluster, spec, { signal });
        case "unprotect":
          return unprotectSnapshot(cluster, spec, { signal });
      }
    });
    inventories.get(input.cluster).renew();
    const target = input.change === "rename" ? `${input.image}@${input.name}` : spec;
    return { kind: "snapshot", target, change: input.change };
  },

  afterCrash: (input) => ({
    message: `The server stopped before it was known that this was done: ${titleOf(input)}.`,
    hint: "Look at the snapshots of the image. A snapshot that was half made is finished or removed by itself.",
    object: specOf(input),
  }),
};

/** Backups know the snapshot that they continue from by its name. @throws {CoppiceError} `BUSY` when something needs it */
async function refuseNeeded(
  cluster: Cluster,
  spec: string,
  findDependants: FindDependants | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { blockers } = await deletionPlan(cluster, spec, { findDependants, signal });
  const needed = blockers.find(({ kind }) => kind === "dependant");
  if (needed === undefined) return;
  throw new CoppiceError({
    code: "BUSY",
    call: "renameSnapshot",
    object: spec,
    message: `${spec} cannot be renamed: ${needed.message}`,
    hint: needed.hint ?? undefined,
  });
}

function titleOf(input: SnapshotChange): string {
  const spec = specOf(input);
  switch (input.change) {
    case "create":
      return `Create the snapshot ${spec}`;
    case "rename":
      return `Rename the snapshot ${spec} to ${input.name}`;
    case "protect":
      return `Protect the snapshot ${spec}`;
    case "unprotect":
      return `Unprotect the snapshot ${spec}`;
  }
}
