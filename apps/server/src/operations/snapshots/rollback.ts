import {
  type Cluster,
  CoppiceError,
  checkName,
  createVolumeSnapshot,
  formatImageSpec,
  listOperations,
  type RollbackPhase,
  removeSnapshot,
  rollbackVolume,
  whatChanged,
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

/** Each writes every object that changed, several at a time. */
const CONCURRENCY = 2;

const rollbackInput = z.object({
  cluster: clusterId,
  /** `pool/[namespace/]image`. */
  image: typedSpec,
  /** The snapshot to return to, without the `@`. */
  snapshot: z.string().min(1).max(1024),
  /** Name of a snapshot that keeps the state before. Null: that state is lost. */
  keepAs: z.string().min(1).max(1024).nullable(),
});

const rollbackResult = z.object({
  kind: z.literal("rollback"),
  /** Spec of the image. */
  target: z.string(),
  snapshot: z.string(),
  /** The snapshot that holds the state before; null when it was not kept. */
  keptAs: z.string().nullable(),
  /** Sizes of the image before and now, in bytes. */
  from: z.number(),
  to: z.number(),
});

type RollbackInput = z.output<typeof rollbackInput>;
export type RollbackTaskResult = z.output<typeof rollbackResult>;

/** `rollback` of the API. */
export function rollbackRouter({ clusters }: OperationServices, runner: TaskRunner) {
  return t.router({
    /** Queues the return of an image to one of its snapshots. The snapshots stay. */
    start: operatorProcedure
      .input(rollbackInput)
      .output(queuedTask)
      .mutation(async ({ ctx, input }) => {
        ctx.audit.object = `${input.image}@${input.snapshot}`;
        const checked = canonical(input);
        await clusters.get(input.cluster).whenOpen(); // refuse now what could not begin
        return { taskId: await runner.enqueue(rollbackTask, checked, ctx.user) };
      }),
  });
}

/** Refuses a name that does not parse before there is a task. @throws {CoppiceError} `INVALID_NAME` */
function canonical(input: RollbackInput): RollbackInput {
  checkName("snapshot", input.snapshot);
  if (input.keepAs !== null) checkName("snapshot", input.keepAs);
  return { ...input, image: formatImageSpec(plainImage(input.image)) };
}

const PHASES: Record<RollbackPhase | "undo", string> = {
  keep: "Securing the current state",
  rollback: "Rolling back",
  release: "Releasing the secured state",
  undo: "Returning to the state before",
};

/** Rolling an image back as a task. */
export const rollbackTask: TaskKind<RollbackInput, RollbackTaskResult, OperationServices> = {
  kind: "rollback",
  input: rollbackInput,
  result: rollbackResult,
  concurrency: () => CONCURRENCY,
  title: ({ image, snapshot }) => `Roll ${image} back to ${snapshot}`,
  object: ({ cluster, image }) => imageObject(cluster, image),
  related: ({ cluster, image, snapshot }) => [imageObject(cluster, `${image}@${snapshot}`)],

  async run({ cluster: id, image, snapshot, keepAs }, task, { clusters, inventories }) {
    let current: RollbackPhase | "undo" | null = null;
    const result = await clusters.get(id).use(async (cluster) => {
      const undoKeep = keepAs === null ? null : await keepState(cluster, image, keepAs, task.signal);
      if (keepAs !== null) task.log(`The current state is kept in the snapshot ${keepAs}.`);
      try {
        return await rollbackVolume(cluster, {
          snapshot: `${image}@${snapshot}`,
          signal: task.signal,
          onProgress({ phase, done, total, unit }) {
            if (phase !== current) task.phase(PHASES[phase], unit);
            if (phase === "undo" && current !== "undo") task.log("Stopped: returning to the state before.");
            current = phase;
            task.progress(done, total === 0 ? null : total);
          },
        });
      } catch (error) {
        // With the image as it was, nothing needs the snapshot. Otherwise it may be the last copy of that state.
        if (!hasCode(error, "UNDO_FAILED", "LEASE_LOST", "BLOCKLISTED")) await undoKeep?.();
        throw error;
      }
    });
    inventories.get(id).renew();
    const { from, to } = result;
    return { kind: "rollback", target: image, snapshot, keptAs: keepAs, from, to };
  },

  afterCrash: ({ image, snapshot }) => ({
    message: `The server stopped while ${image} was being rolled back to ${snapshot}.`,
    hint: "Its page says whether the rollback was interrupted. Roll the image back again: it begins with the state before.",
    object: image,
  }),
};

/**
 * Keeps the current state in a snapshot, unless an earlier rollback has not ended: the image may be rolled back in part then, and
 * that is not the state to keep. One with this name that holds exactly that state, as an interrupted call leaves it,
 * serves as well.
 *
 * @returns Removes the snapshot again, if it was made here.
 */
async function keepState(
  cluster: Cluster,
  image: string,
  name: string,
  signal: AbortSignal,
): Promise<() => Promise<void>> {
  const { pool, namespace, image: plainName } = plainImage(image);
  const operations = await listOperations(cluster, { pools: [pool], signal });
  const isRollback = ({ image: on, purpose }: (typeof operations)[number]) =>
    purpose === "rollback" && on.namespace === namespace && on.image === plainName;
  if (operations.some(isRollback)) {
    throw new CoppiceError({
      code: "INCOMPLETE",
      call: "rollbackVolume",
      object: image,
      message: `an earlier rollback of ${image} has not ended, so its state cannot be kept now`,
      hint:
        "Roll it back without keeping its state: it returns to the state before the earlier rollback first. " +
        "A snapshot that was kept then still holds that state.",
    });
  }
  try {
    await createVolumeSnapshot(cluster, { volume: image, name, protect: false, signal });
    return () => removeSnapshot(cluster, `${image}@${name}`);
  } catch (error) {
    if (!hasCode(error, "EXISTS")) throw error;
    const { writtenBytes, discardedBytes } = await whatChanged(cluster, image, { from: name, signal });
    if (writtenBytes + discardedBytes > 0) throw error;
    return async () => {};
  }
}

function hasCode(error: unknown, ...codes: CoppiceError["code"][]): boolean {
  return error instanceof CoppiceError && codes.includes(error.code);
}
