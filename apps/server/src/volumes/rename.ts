import { type Cluster, CoppiceError, openImage, parseImageSpec, renameVolume } from "rbd-core";
import { z } from "zod";
import { operatorProcedure } from "../api/procedures.ts";
import { clusterId, queuedTask, typedSpec } from "../api/schemas.ts";
import { t } from "../api/trpc.ts";
import type { OperationServices } from "../operations/operation-services.ts";
import { imageObject } from "../tasks/task.ts";
import type { TaskKind } from "../tasks/task-kind.ts";
import type { TaskRunner } from "../tasks/task-runner.ts";
import { checkFree, imageOnly } from "./volume-task.ts";

const CONCURRENCY = 4;

const renameInput = z.object({
  cluster: clusterId,
  /** `pool/[namespace/]image`. */
  image: typedSpec,
  /** The new name, in the same pool and namespace: Ceph renames only within these. */
  target: typedSpec,
});

const renameResult = z.object({
  kind: z.literal("rename"),
  /** Spec of the image by its new name. */
  target: z.string(),
  /** By its old one. */
  source: z.string(),
});

type RenameInput = z.output<typeof renameInput>;

/** `volumes.rename` of the API. */
export function renameRouter({ clusters }: OperationServices, runner: TaskRunner) {
  return t.router({
    /** Queues the renaming of an image. Its snapshots and clones refer to its id, and stay as they are. */
    start: operatorProcedure
      .input(renameInput)
      .output(queuedTask)
      .mutation(async ({ ctx, input, signal }) => {
        ctx.audit.object = input.image;
        const checked = canonical(input);
        await clusters.get(input.cluster).ask((cluster) => checkRename(cluster, checked, signal));
        return { taskId: await runner.enqueue(renameTask, checked, ctx.user) };
      }),
  });
}

/** @throws {CoppiceError} `INVALID_NAME`; `INVALID_ARGUMENT` for another pool or namespace */
function canonical({ cluster, image, target }: RenameInput): RenameInput {
  const input = { cluster, image: imageOnly(image), target: imageOnly(target) };
  const [from, to] = [parseImageSpec(input.image), parseImageSpec(input.target)];
  if (from.pool === to.pool && from.namespace === to.namespace && from.image !== to.image) return input;
  const isSame = input.image === input.target;
  throw new CoppiceError({
    code: "INVALID_ARGUMENT",
    call: "renameVolume",
    object: input.image,
    message: isSame
      ? `${input.image} has this name already`
      : `${input.image} cannot be renamed to ${input.target}: Ceph renames only within a pool and namespace`,
    hint: isSame ? "Choose another name." : "Copy the image there, and delete this one.",
  });
}

/** Refuses an image that is not there, and a name that another image has. @throws {CoppiceError} `NOT_FOUND`, `EXISTS` */
async function checkRename(
  cluster: Cluster,
  { image, target }: RenameInput,
  signal: AbortSignal | undefined,
): Promise<void> {
  const id = await idOf(cluster, image, signal);
  try {
    await checkFree(cluster, target, signal);
  } catch (error) {
    // After an interrupted renaming the image can be opened by both names.
    const isTaken = error instanceof CoppiceError && error.code === "EXISTS";
    if (!isTaken || (await idOf(cluster, target, signal)) !== id) throw error;
  }
}

async function idOf(cluster: Cluster, spec: string, signal: AbortSignal | undefined): Promise<string> {
  await using image = await openImage(cluster, spec, { readOnly: true, signal });
  return image.id;
}

/** Renaming an image as a task. */
export const renameTask: TaskKind<RenameInput, z.output<typeof renameResult>, OperationServices> = {
  kind: "rename",
  input: renameInput,
  result: renameResult,
  concurrency: () => CONCURRENCY,
  title: ({ image, target }) => `Rename ${image} to ${target}`,
  object: ({ cluster, target }) => imageObject(cluster, target),
  related: ({ cluster, image }) => [imageObject(cluster, image)],

  async run({ cluster: id, image, target }, task, { clusters, inventories }) {
    task.phase("Renaming the image");
    await clusters
      .get(id)
      .use((cluster) => renameVolume(cluster, { from: image, to: target, signal: task.signal }));
    inventories.get(id).renew();
    return { kind: "rename", target, source: image };
  },

  afterCrash: ({ image, target }) => ({
    message: `The server stopped while ${image} was being renamed to ${target}. It has one of the two names.`,
    hint: "Start it again if it has its old name.",
    object: image,
  }),
};
