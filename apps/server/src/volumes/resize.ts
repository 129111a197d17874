import { type Cluster, extendVolume, openImage, planShrink, shrinkVolume } from "rbd-core";
import { z } from "zod";
import { operatorProcedure } from "../api/procedures.ts";
import { clusterId, queuedTask, typedSpec } from "../api/schemas.ts";
import { t } from "../api/trpc.ts";
import { ServerError } from "../base/errors.ts";
import type { OperationServices } from "../operations/operation-services.ts";
import { imageObject } from "../tasks/task.ts";
import type { TaskKind } from "../tasks/task-kind.ts";
import type { TaskRunner } from "../tasks/task-runner.ts";
import { imageOnly } from "./volume-task.ts";

const CONCURRENCY = 4;

const resizeInput = z.object({
  cluster: clusterId,
  /** `pool/[namespace/]image`. */
  image: typedSpec,
  /** Bytes. */
  size: z.int().min(1),
  /** Agrees that an image may become smaller, and that as many bytes of data as this behind its new end are lost. */
  discard: z.int().min(0).optional(),
});

const resizePlan = z.object({
  change: z.enum(["grow", "shrink", "none"]),
  /** Bytes. */
  from: z.number(),
  to: z.number(),
  /** Bytes of data behind the new end, which are lost. Snapshots keep theirs. */
  discards: z.number(),
  /** How many clients have the image open. One that is in use cannot become smaller. */
  clients: z.number(),
});

const resizeResult = z.object({
  kind: z.literal("resize"),
  target: z.string(),
  /** Bytes. */
  from: z.number(),
  to: z.number(),
});

type ResizeInput = z.output<typeof resizeInput>;
export type ResizePlan = z.output<typeof resizePlan>;

/** `volumes.resize` of the API. */
export function resizeRouter({ clusters }: OperationServices, runner: TaskRunner) {
  const plan = ({ cluster: id, image, size }: ResizeInput, signal: AbortSignal | undefined) =>
    clusters.get(id).ask((cluster) => planResize(cluster, image, size, signal));
  return t.router({
    /** What `volumes.resize.start` with the same input would do. Reads the cluster, changes nothing. */
    plan: operatorProcedure
      .input(resizeInput)
      .output(resizePlan)
      .query(({ input, signal }) => plan(canonical(input), signal)),

    /** Queues a change of an image's size. */
    start: operatorProcedure
      .input(resizeInput)
      .output(queuedTask)
      .mutation(async ({ ctx, input, signal }) => {
        ctx.audit.object = input.image;
        const checked = canonical(input);
        checkAgreed(checked, await plan(checked, signal));
        return { taskId: await runner.enqueue(resizeTask, checked, ctx.user) };
      }),
  });
}

function canonical(input: ResizeInput): ResizeInput {
  return { ...input, image: imageOnly(input.image) };
}

async function planResize(
  cluster: Cluster,
  volume: string,
  size: number,
  signal: AbortSignal | undefined,
): Promise<ResizePlan> {
  const { from, clients } = await readSize(cluster, volume, signal);
  if (size >= from) {
    return { change: size > from ? "grow" : "none", from, to: size, discards: 0, clients };
  }
  const { discards, openElsewhere } = await planShrink(cluster, { volume, size, signal });
  return { change: "shrink", from, to: size, discards, clients: openElsewhere };
}

async function readSize(cluster: Cluster, volume: string, signal: AbortSignal | undefined) {
  await using image = await openImage(cluster, volume, { readOnly: true, signal });
  return { from: await image.size({ signal }), clients: (await image.listWatchers({ signal })).length };
}

/** Refuses to make an image smaller unless that, and everything that is lost with it, was agreed. @throws {ServerError} */
function checkAgreed({ image, discard }: ResizeInput, { change, from, to, discards }: ResizePlan): void {
  if (change !== "shrink" || (discard !== undefined && discards <= discard)) return;
  const lost =
    discards === 0 ? "No data lies there now." : `${discards} bytes of data lie there, and are lost.`;
  throw new ServerError(
    "NOT_AGREED",
    `${image} would shrink from ${from} to ${to} bytes, and lose what lies behind. ${lost}`,
    { hint: "Agree to lose this data, or choose a larger size.", object: image },
  );
}

/** Changing the size of an image as a task. */
export const resizeTask: TaskKind<ResizeInput, z.output<typeof resizeResult>, OperationServices> = {
  kind: "resize",
  input: resizeInput,
  result: resizeResult,
  concurrency: () => CONCURRENCY,
  title: ({ image, size }) => `Resize ${image} to ${size} bytes`,
  object: ({ cluster, image }) => imageObject(cluster, image),
  related: () => [],

  async run(input, task, { clusters, inventories }) {
    const { cluster: id, image: volume, size, discard } = input;
    const { signal } = task;
    const resized = await clusters.get(id).use(async (cluster) => {
      task.phase("Reading the image");
      // It may have changed since this was asked for.
      const plan = await planResize(cluster, volume, size, signal);
      checkAgreed(input, plan);
      if (plan.change !== "shrink") {
        task.phase("Enlarging the image");
        return await extendVolume(cluster, { volume, size, signal });
      }
      task.phase("Freeing what lies behind the new end", "objects");
      return await shrinkVolume(cluster, {
        volume,
        size,
        discardData: discard !== undefined && discard > 0,
        signal,
        onProgress: ({ done, total }) => task.progress(done, total),
      });
    });
    inventories.get(id).renew();
    const { from, to } = resized;
    task.log(
      "discards" in resized
        ? `Shrunk from ${from} to ${to} bytes; ${resized.discards} bytes of data were lost.`
        : `Enlarged from ${from} to ${to} bytes.`,
    );
    return { kind: "resize", target: volume, from, to };
  },

  afterCrash: ({ image }) => ({
    message: `The server stopped while the size of ${image} was being changed. It has its old or its new size.`,
    hint: "Start it again if it has its old size.",
    object: image,
  }),
};
