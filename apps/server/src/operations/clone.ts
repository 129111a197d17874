import {
  type ClonePlan,
  type Cluster,
  CoppiceError,
  cloneWithinLimits,
  featureNames,
  formatImageSpec,
  isIdMadeBy,
  type LimitedClonePhase,
  openImage,
  parseImageSpec,
  planCloneWithinLimits,
  SearchMemory,
} from "rbd-core";
import { z } from "zod";
import { operatorProcedure } from "../api/procedures.ts";
import { clusterId, queuedTask, typedSpec } from "../api/schemas.ts";
import { t } from "../api/trpc.ts";
import { imageObject } from "../tasks/task.ts";
import type { TaskKind, TaskOutcome } from "../tasks/task-kind.ts";
import type { TaskRunner } from "../tasks/task-runner.ts";
import type { OperationServices } from "./operation-services.ts";

const cloneInput = z.object({
  cluster: clusterId,
  /** `pool/[namespace/]image`, or with `@snapshot` to clone exactly that one. */
  source: typedSpec,
  /** `pool/[namespace/]image` that does not exist yet. */
  target: typedSpec,
});

/** What a clone would do, decided by reading the cluster and without changing it. */
export const clonePlan = z.object({
  snapshot: z.object({ name: z.string(), action: z.enum(["reuse", "create"]), reason: z.string() }),
  /** Whether the snapshot has to be protected first. */
  protect: z.boolean(),
  cloneFormat: z.literal([1, 2]),
  features: z.array(z.string()),
  /** Bytes. */
  objectSize: z.number(),
  /** Bytes. */
  stripeUnit: z.number(),
  stripeCount: z.number(),
  /** Depth of the clone in its tree: 1 is a clone of a root. */
  depth: z.number(),
  /** Bytes. */
  size: z.number(),
  warnings: z.array(z.string()),
});

/** What a finished clone made. */
const cloneResult = z.object({
  kind: z.literal("clone"),
  /** Spec of the new image. */
  target: z.string(),
  /** Spec of the image it was cloned from. */
  source: z.string(),
  snapshot: z.object({ name: z.string(), action: z.enum(["reuse", "create"]), reason: z.string() }),
  protected: z.boolean(),
  cloneFormat: z.literal([1, 2]),
  depth: z.number(),
});

export type CloneInput = z.output<typeof cloneInput>;
export type ClonePlanView = z.output<typeof clonePlan>;
export type CloneTaskResult = z.output<typeof cloneResult>;

/** `clone` of the API. */
export function cloneRouter(services: OperationServices, runner: TaskRunner) {
  // Whoever changes the target in the dialog asks for a new plan of the same source.
  const memories = new WeakMap<Cluster, SearchMemory>();
  const memoryOf = (cluster: Cluster) => {
    const memory = memories.get(cluster) ?? new SearchMemory();
    memories.set(cluster, memory);
    return memory;
  };
  return t.router({
    /** What `clone.start` with the same input would do. Reads the cluster, changes nothing. */
    plan: operatorProcedure
      .input(cloneInput)
      .output(clonePlan)
      .query(({ input, signal }) => planClone(services, canonical(input), memoryOf, signal)),

    /** Queues a clone. */
    start: operatorProcedure
      .input(cloneInput)
      .output(queuedTask)
      .mutation(async ({ ctx, input }) => {
        ctx.audit.object = input.target;
        await services.clusters.get(input.cluster).whenOpen(); // refuse now what could not begin
        return { taskId: await runner.enqueue(cloneTask, canonical(input), ctx.user) };
      }),
  });
}

async function planClone(
  { clusters, flattens }: OperationServices,
  { cluster: id, source, target }: CloneInput,
  memoryOf: (cluster: Cluster) => SearchMemory,
  signal: AbortSignal | undefined,
): Promise<ClonePlanView> {
  const plan = await clusters.get(id).ask((cluster) => {
    const options = { source, target, memory: memoryOf(cluster), signal };
    return planCloneWithinLimits(cluster, flattens.get(id).get(), options);
  });
  return clonePlanView(plan);
}

/** The SDK's plan of a clone as it is sent. */
export function clonePlanView(plan: ClonePlan): ClonePlanView {
  const { name, action, reason } = plan.snapshot;
  return {
    snapshot: { name, action, reason },
    protect: plan.protect,
    cloneFormat: plan.cloneFormat,
    features: featureNames(plan.features),
    objectSize: plan.objectSize,
    stripeUnit: plan.stripeUnit,
    stripeCount: plan.stripeCount,
    depth: plan.depth,
    size: plan.size,
    warnings: plan.warnings,
  };
}

/** Refuses a name that does not parse before there is a task. @throws {CoppiceError} `INVALID_NAME` */
function canonical({ cluster, source, target }: CloneInput): CloneInput {
  return {
    cluster,
    source: formatImageSpec(parseImageSpec(source)),
    target: formatImageSpec(parseImageSpec(target)),
  };
}

const PHASES: Record<LimitedClonePhase, string> = {
  "flatten-source": "Flattening the source, which is too deep",
  check: "Checking names and source",
  search: "Looking for a snapshot without changes since",
  snapshot: "Preparing the snapshot",
  clone: "Creating the clone",
  flatten: "Copying what it shares with its parent",
  release: "Releasing the snapshot",
  grow: "Enlarging the clone",
  undo: "Undoing",
};

/** Cloning as a task. */
export const cloneTask: TaskKind<CloneInput, CloneTaskResult, OperationServices> = {
  kind: "clone",
  input: cloneInput,
  result: cloneResult,
  concurrency: ({ cloneTasks }) => cloneTasks,
  title: ({ source, target }) => `Clone ${source} to ${target}`,
  object: ({ cluster, target }) => imageObject(cluster, target),
  related: ({ cluster, source }) => [imageObject(cluster, source)],

  async run({ cluster: id, source, target }, task, { clusters, flattens, inventories }) {
    let current: LimitedClonePhase | null = null;
    const result = await clusters.get(id).use(async (cluster) => {
      await task.worksAs((await cluster.clientId()).toString(16));
      return await cloneWithinLimits(cluster, flattens.get(id).get(), {
        source,
        target,
        signal: task.signal,
        onProgress({ phase, done, total, unit }) {
          if (phase !== current) task.phase(PHASES[phase], unit);
          if (phase === "undo" && current !== "undo") task.log("Stopped: undoing what was made.");
          current = phase;
          task.progress(done, total === 0 ? null : total);
        },
      });
    });
    inventories.get(id).renew();
    const { name, reason } = result.snapshot;
    task.log(`${result.reused ? "Reused" : "Created"} the snapshot ${name}: ${reason}.`);
    const { action, reason: depth } = result.sourceDepth;
    if (action === "flatten-first") task.log(`Flattened the source first: ${depth}.`);
    if (action === "flatten-later") task.log(`The source is being flattened in the background: ${depth}.`);
    for (const warning of result.warnings) task.log(warning);
    return {
      kind: "clone",
      target,
      source,
      snapshot: { name, action: result.reused ? "reuse" : "create", reason },
      protected: result.created.protection,
      cloneFormat: result.cloneFormat,
      depth: result.depth,
    };
  },

  afterCrash: ({ source, target }) => ({
    message:
      `The server stopped while ${source} was being cloned. ` +
      `${target} is completed or removed when the cluster is connected again, with everything that was made for it.`,
    hint: "This task then says what became of it.",
    object: target,
  }),

  recorded: {
    purpose: "make",
    examine: ({ cluster: id, target }, client, { clusters }) =>
      clusters.get(id).ask((cluster) => examineMade(cluster, target, client)),
  },
};

/** Whether an image was made by a client whose operation has ended: then it is whole. */
export async function examineMade(cluster: Cluster, target: string, client: string): Promise<TaskOutcome> {
  try {
    await using image = await openImage(cluster, target, { readOnly: true, allowIncomplete: true });
    if (isIdMadeBy(image.id, client)) return { outcome: "finished", what: `${target} is whole` };
    return { outcome: "undone", what: `the image that is now called ${target} was made by another client` };
  } catch (error) {
    if (!(error instanceof CoppiceError && error.code === "NOT_FOUND")) throw error;
    return { outcome: "undone", what: `${target} does not exist` };
  }
}
