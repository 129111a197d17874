import {
  type Cluster,
  createVolume,
  planVolume,
  showImageSpec,
  type VolumeOptions,
  type VolumePhase,
} from "rbd-core";
import { z } from "zod";
import { operatorProcedure } from "../api/procedures.ts";
import { clusterId, queuedTask, typedSpec } from "../api/schemas.ts";
import { t } from "../api/trpc.ts";
import { clonePlan, clonePlanView } from "../operations/clone.ts";
import type { OperationServices } from "../operations/operation-services.ts";
import { imageObject } from "../tasks/task.ts";
import type { TaskKind } from "../tasks/task-kind.ts";
import type { TaskRunner } from "../tasks/task-runner.ts";
import { halfMade, imageOnly, imageOrSnapshot, makes, reportSteps, workOn } from "./volume-task.ts";

const bytes = z.int().min(1);

const createInput = z.object({
  cluster: clusterId,
  /** `pool/[namespace/]image` that does not exist yet. */
  target: typedSpec,
  from: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("empty") }),
    /** The current state of an image, or one of its snapshots. */
    z.object({ kind: z.literal("image"), image: typedSpec }),
    /** The template's snapshot: `snap` unless it says otherwise. */
    z.object({ kind: z.literal("template"), template: typedSpec }),
  ]),
  /** Bytes. Needed for an empty image; otherwise at least the source's size, which it is when left out. */
  size: bytes.optional(),
  /** Whether it becomes independent of its source, with all data copied. */
  flatten: z.boolean().default(false),
  /** Bytes, a power of two. Left out: the source's, or what the cluster configures. */
  objectSize: bytes.optional(),
  /** Bytes. */
  stripeUnit: bytes.optional(),
  stripeCount: bytes.optional(),
  /** The pool that holds the data, where that is not the image's own. */
  dataPool: z.string().min(1).max(256).optional(),
});

/** What would be created, decided by reading the cluster and without changing it. */
const createPlan = z.object({
  /** Bytes. */
  size: z.number(),
  /** How many images it has above it. */
  depth: z.number(),
  flatten: z.boolean(),
  /** Why it is flattened or why not; one sentence without a full stop. */
  flattenReason: z.string(),
  /** The clone that it begins as; null for an empty image. */
  clone: clonePlan.nullable(),
  warnings: z.array(z.string()),
});

const createResult = z.object({
  kind: z.literal("create-volume"),
  /** Spec of the new image. */
  target: z.string(),
  /** Bytes. */
  size: z.number(),
  depth: z.number(),
  /** Spec of the snapshot it was made from; null for an empty image, and for one that was flattened. */
  parent: z.string().nullable(),
});

type CreateInput = z.output<typeof createInput>;
export type CreateVolumeInput = z.input<typeof createInput>;
export type CreateVolumePlan = z.output<typeof createPlan>;

/** `volumes.create` of the API. */
export function createVolumeRouter(services: OperationServices, runner: TaskRunner) {
  const plan = (input: CreateInput, signal: AbortSignal | undefined) =>
    services.clusters
      .get(input.cluster)
      .ask((cluster) => planVolume(cluster, { ...volumeOptions(input, services), signal }));
  return t.router({
    /** What `volumes.create.start` with the same input would do. Reads the cluster, changes nothing. */
    plan: operatorProcedure
      .input(createInput)
      .output(createPlan)
      .query(async ({ input, signal }) => {
        const { size, depth, flattened, flattenReason, clone, warnings } = await plan(
          canonical(input),
          signal,
        );
        const view = clone === null ? null : clonePlanView(clone);
        return { size, depth, flatten: flattened, flattenReason, clone: view, warnings };
      }),

    /** Queues the creation of an image. */
    start: operatorProcedure
      .input(createInput)
      .output(queuedTask)
      .mutation(async ({ ctx, input, signal }) => {
        ctx.audit.object = input.target;
        const checked = canonical(input);
        await plan(checked, signal); // refuse now what could not begin
        return { taskId: await runner.enqueue(createVolumeTask, checked, ctx.user) };
      }),
  });
}

/** Refuses a name that does not parse before there is a task. @throws {CoppiceError} `INVALID_NAME` */
function canonical({ from, ...input }: CreateInput): CreateInput {
  const target = imageOnly(input.target);
  if (from.kind === "image")
    return { ...input, target, from: { ...from, image: imageOrSnapshot(from.image) } };
  if (from.kind === "template") {
    return { ...input, target, from: { ...from, template: imageOrSnapshot(from.template) } };
  }
  return { ...input, target, from };
}

function volumeOptions(
  { target, from, size, flatten, objectSize, stripeUnit, stripeCount, dataPool }: CreateInput,
  { depthLimits }: Pick<OperationServices, "depthLimits">,
): VolumeOptions {
  return {
    target,
    from: originOf(from),
    size,
    flatten,
    maxDepth: depthLimits.hard,
    objectSize,
    stripeUnit,
    stripeCount,
    dataPool,
  };
}

function originOf(from: CreateInput["from"]): VolumeOptions["from"] {
  if (from.kind === "empty") return undefined;
  if (from.kind === "template") return { template: from.template };
  return from.image.includes("@") ? { snapshot: from.image } : { volume: from.image };
}

function sourceOf({ from }: CreateInput): string | null {
  if (from.kind === "empty") return null;
  return from.kind === "template" ? from.template : from.image;
}

const PHASES: Record<VolumePhase | "undo", string> = {
  create: "Creating the image",
  snapshot: "Preparing the snapshot",
  clone: "Creating the clone",
  flatten: "Copying what it shares with its source",
  release: "Releasing the snapshot",
  grow: "Enlarging the image",
  undo: "Undoing",
};

/** Creating an image as a task. */
export const createVolumeTask: TaskKind<CreateInput, z.output<typeof createResult>, OperationServices> = {
  kind: "create-volume",
  input: createInput,
  result: createResult,
  concurrency: ({ cloneTasks }) => cloneTasks,
  title: (input) => {
    const source = sourceOf(input);
    return source === null ? `Create ${input.target}` : `Create ${input.target} from ${source}`;
  },
  object: ({ cluster, target }) => imageObject(cluster, target),
  related: (input) => {
    const source = sourceOf(input);
    return source === null ? [] : [imageObject(input.cluster, source)];
  },

  async run(input, task, services) {
    const { target } = input;
    const create = (cluster: Cluster) =>
      createVolume(cluster, {
        ...volumeOptions(input, services),
        signal: task.signal,
        onProgress: reportSteps(task, PHASES),
      });
    const { size, depth, flattened, flattenReason, source, warnings } = await workOn(
      services,
      input.cluster,
      task,
      create,
    );
    if (source !== null) task.log(`${flattened ? "Flattened" : "Not flattened"}: ${flattenReason}.`);
    for (const warning of warnings) task.log(warning);
    const parent = source === null || flattened ? null : showImageSpec(source.spec);
    return { kind: "create-volume", target, size, depth, parent };
  },

  afterCrash: ({ target }) => halfMade(target, `${target} was being created`),
  recorded: makes(),
};
