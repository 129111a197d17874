import {
  type Cluster,
  CoppiceError,
  copyImage,
  listOperations,
  parseImageSpec,
  showImageSpec,
  type TransferProgress,
} from "rbd-core";
import { z } from "zod";
import { operatorProcedure } from "../api/procedures.ts";
import { clusterId, queuedTask, typedSpec } from "../api/schemas.ts";
import { t } from "../api/trpc.ts";
import type { OperationServices } from "../operations/operation-services.ts";
import { imageObject } from "../tasks/task.ts";
import type { TaskKind } from "../tasks/task-kind.ts";
import type { TaskRunner } from "../tasks/task-runner.ts";
import { checkFree, checkThere, halfMade, imageOnly, makes, workOn } from "./volume-task.ts";

const CONCURRENCY = 2;

const copyInput = z.object({
  cluster: clusterId,
  /** `pool/[namespace/]image`. */
  image: typedSpec,
  /** `pool/[namespace/]image` that does not exist yet, in any pool. */
  target: typedSpec,
});

const copyResult = z.object({
  kind: z.literal("copy-image"),
  /** Spec of the copy. */
  target: z.string(),
  source: z.string(),
  /** The snapshots that were copied, oldest first. */
  snapshots: z.array(z.string()),
  /** Bytes. */
  bytesWritten: z.number(),
  /** Bytes that were read back and compared. */
  bytesVerified: z.number(),
});

type CopyInput = z.output<typeof copyInput>;

/** `volumes.copy` of the API. */
export function copyRouter({ clusters }: OperationServices, runner: TaskRunner) {
  return t.router({
    /** Queues a full copy of an image with its snapshots. It shares nothing with the image. */
    start: operatorProcedure
      .input(copyInput)
      .output(queuedTask)
      .mutation(async ({ ctx, input, signal }) => {
        ctx.audit.object = input.target;
        const checked = { ...input, image: imageOnly(input.image), target: imageOnly(input.target) };
        await clusters.get(input.cluster).ask(async (cluster) => {
          await checkThere(cluster, checked.image, signal);
          await checkTarget(cluster, checked.target, signal);
        });
        return { taskId: await runner.enqueue(copyTask, checked, ctx.user) };
      }),
  });
}

/** Refuses a name that is taken, unless an interrupted copy has it: that is continued. @throws {CoppiceError} `EXISTS` */
async function checkTarget(cluster: Cluster, target: string, signal: AbortSignal | undefined): Promise<void> {
  try {
    await checkFree(cluster, target, signal);
  } catch (error) {
    if (!(error instanceof CoppiceError && error.code === "EXISTS")) throw error;
    const operations = await listOperations(cluster, { pools: [parseImageSpec(target).pool], signal });
    const isBegun = operations.some(
      ({ image, purpose, kind }) => purpose === "make" && kind === "copy" && showImageSpec(image) === target,
    );
    if (!isBegun) throw error;
  }
}

const PHASES: Record<TransferProgress["phase"], string> = {
  planning: "Reading what there is to copy",
  copying: "Copying",
  verifying: "Reading the copy back and comparing it",
  finishing: "Finishing",
};

/** A full copy as a task. */
export const copyTask: TaskKind<CopyInput, z.output<typeof copyResult>, OperationServices> = {
  kind: "copy-image",
  input: copyInput,
  result: copyResult,
  concurrency: () => CONCURRENCY,
  title: ({ image, target }) => `Copy ${image} to ${target}`,
  object: ({ cluster, target }) => imageObject(cluster, target),
  related: ({ cluster, image }) => [imageObject(cluster, image)],

  async run({ cluster: id, image, target }, task, services) {
    let current: TransferProgress["phase"] | null = null;
    const copied = await workOn(services, id, task, (cluster) =>
      copyImage(cluster, {
        image,
        target: { image: target },
        verify: "changed",
        signal: task.signal,
        onProgress({ phase, done, total }) {
          if (phase !== current) task.phase(PHASES[phase], "bytes");
          current = phase;
          task.progress(done, total);
        },
      }),
    );
    const { snapshots, bytesWritten, bytesVerified } = copied;
    task.log(
      `Copied with ${snapshots.length === 0 ? "no snapshots" : `its snapshots ${snapshots.join(", ")}`}. ` +
        `${bytesWritten} bytes were written, ${bytesVerified} bytes were read back and compared.`,
    );
    return {
      kind: "copy-image",
      target,
      source: image,
      snapshots: [...snapshots],
      bytesWritten,
      bytesVerified,
    };
  },

  afterCrash: ({ image, target }) => ({
    ...halfMade(target, `${image} was being copied`),
    message:
      `The server stopped while ${image} was being copied to ${target}. ` +
      "What was copied is kept, unless it was only begun.",
    hint: "Start it again: it continues with what is there.",
  }),
  recorded: makes(),
};
