import { type Cluster, CoppiceError, flattenImage, openImage } from "rbd-core";
import { z } from "zod";
import { operatorProcedure } from "../api/procedures.ts";
import { clusterId, queuedTask, typedSpec } from "../api/schemas.ts";
import { t } from "../api/trpc.ts";
import type { OperationServices } from "../operations/operation-services.ts";
import { imageObject } from "../tasks/task.ts";
import type { TaskKind, TaskOutcome } from "../tasks/task-kind.ts";
import type { TaskRunner } from "../tasks/task-runner.ts";
import { imageOnly, workOn } from "./volume-task.ts";

/** Each copies as fast as the cluster allows. */
const CONCURRENCY = 2;

const flattenInput = z.object({
  cluster: clusterId,
  /** `pool/[namespace/]image`, a clone. */
  image: typedSpec,
});

const flattenResult = z.object({
  kind: z.literal("flatten"),
  target: z.string(),
  /** False when it had no parent any more. */
  flattened: z.boolean(),
});

type FlattenInput = z.output<typeof flattenInput>;

/** `volumes.flatten` of the API. */
export function flattenRouter({ clusters }: OperationServices, runner: TaskRunner) {
  return t.router({
    /** Queues a flatten: what a clone shares with its parent is copied, and the clone becomes independent of it. */
    start: operatorProcedure
      .input(flattenInput)
      .output(queuedTask)
      .mutation(async ({ ctx, input, signal }) => {
        ctx.audit.object = input.image;
        const checked = { ...input, image: imageOnly(input.image) };
        await clusters.get(input.cluster).ask((cluster) => checkClone(cluster, checked.image, signal));
        return { taskId: await runner.enqueue(flattenTask, checked, ctx.user) };
      }),
  });
}

/** @throws {CoppiceError} `NOT_FOUND`; `INVALID_ARGUMENT` for an image that is no clone */
async function checkClone(cluster: Cluster, spec: string, signal: AbortSignal | undefined): Promise<void> {
  if (await hasParent(cluster, spec, signal)) return;
  throw new CoppiceError({
    code: "INVALID_ARGUMENT",
    call: "flattenImage",
    object: spec,
    message: `${spec} has no parent: there is nothing to flatten`,
    hint: "Only a clone can be flattened.",
  });
}

async function hasParent(cluster: Cluster, spec: string, signal?: AbortSignal): Promise<boolean> {
  await using image = await openImage(cluster, spec, { readOnly: true, signal });
  return (await image.parent({ signal })) !== null;
}

/** Flattening as a task. */
export const flattenTask: TaskKind<FlattenInput, z.output<typeof flattenResult>, OperationServices> = {
  kind: "flatten",
  input: flattenInput,
  result: flattenResult,
  concurrency: () => CONCURRENCY,
  title: ({ image }) => `Flatten ${image}`,
  object: ({ cluster, image }) => imageObject(cluster, image),
  related: () => [],

  async run({ cluster: id, image }, task, services) {
    task.phase("Copying what it shares with its parent", "objects");
    const { flattened } = await workOn(services, id, task, (cluster) =>
      flattenImage(cluster, image, {
        signal: task.signal,
        onProgress: ({ done, total }) => task.progress(done, total),
      }),
    );
    task.log(
      flattened ? `${image} has no parent any more.` : "It had no parent any more: nothing was left to do.",
    );
    return { kind: "flatten", target: image, flattened };
  },

  afterCrash: ({ image }) => ({
    message:
      `The server stopped while ${image} was being flattened. The image is whole and usable. ` +
      "The flatten continues when the cluster is connected again, with what is left to copy.",
    hint: "This task then says what became of it.",
    object: image,
  }),

  recorded: {
    purpose: "flatten",
    examine: ({ cluster: id, image }, _client, { clusters }) =>
      clusters.get(id).ask((cluster) => examineFlattened(cluster, image)),
  },
};

async function examineFlattened(cluster: Cluster, image: string): Promise<TaskOutcome> {
  try {
    if (await hasParent(cluster, image)) return { outcome: "undone", what: `${image} still has its parent` };
    return { outcome: "finished", what: `${image} is flattened` };
  } catch (error) {
    if (!(error instanceof CoppiceError && error.code === "NOT_FOUND")) throw error;
    return { outcome: "undone", what: `${image} does not exist` };
  }
}
