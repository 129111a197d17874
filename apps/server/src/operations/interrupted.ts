import { CoppiceError, formatImageSpec, listOperations, parseImageSpec, showImageSpec } from "rbd-core";
import { z } from "zod";
import { operatorProcedure, viewerProcedure } from "../api/procedures.ts";
import { clusterId, queuedTask, rowError, rowErrorSchema, typedSpec } from "../api/schemas.ts";
import { t } from "../api/trpc.ts";
import { imageObject, type TaskObject } from "../tasks/task.ts";
import type { TaskKind } from "../tasks/task-kind.ts";
import type { TaskRunner } from "../tasks/task-runner.ts";
import type { OperationServices } from "./operation-services.ts";

/** An operation of the SDK that has begun on a cluster and not ended, whatever program began it. */
const recordedOperation = z.object({
  /** Spec of the image that is made or changed. */
  image: z.string(),
  /** `clone`, `copy`, …; null when the record cannot be read. */
  kind: z.string().nullable(),
  /** `make` for everything that makes an image; `remove`, `flatten`, `rollback`, … */
  purpose: z.string(),
  state: z.enum(["running", "interrupted"]),
  startedAt: z.string().nullable(),
  /** The process that works or worked on it. */
  holder: z.object({ host: z.string(), pid: z.number() }).nullable(),
  /** Why the record cannot be read. */
  error: rowErrorSchema.nullable(),
});

const operationList = z.object({ operations: z.array(recordedOperation) });

const reconcileInput = z.object({
  cluster: clusterId,
  /** `pool/[namespace/]image`: only what was interrupted on this image. Left out: everything that was interrupted. */
  image: typedSpec.optional(),
});

/** What became of the operations that were tried. */
const reconcileResult = z.object({
  kind: z.literal("reconcile"),
  operations: z.array(
    z.object({
      image: z.string(),
      kind: z.string().nullable(),
      outcome: z.enum(["finished", "undone", "skipped"]),
      /** What stands on the cluster now; one sentence without a full stop. */
      what: z.string(),
    }),
  ),
});

type ReconcileInput = z.output<typeof reconcileInput>;
export type RecordedOperation = z.output<typeof recordedOperation>;
export type ReconcileTaskResult = z.output<typeof reconcileResult>;

/** `operations` of the API. */
export function interruptedRouter({ clusters }: OperationServices, runner: TaskRunner) {
  return t.router({
    /** What is under way on a cluster, and what was interrupted, by image. */
    list: viewerProcedure
      .input(z.object({ cluster: clusterId }))
      .output(operationList)
      .query(async ({ input, signal }) => {
        const operations = await clusters
          .get(input.cluster)
          .ask((cluster) => listOperations(cluster, { signal }));
        const rows = operations.map(
          ({ image, kind, purpose, state, startedAt, holder, error }): RecordedOperation => ({
            image: showImageSpec(image),
            kind,
            purpose,
            state,
            startedAt: startedAt?.toISOString() ?? null,
            holder,
            error: error === null ? null : rowError(error),
          }),
        );
        return { operations: rows.toSorted((a, b) => (a.image < b.image ? -1 : Number(a.image > b.image))) };
      }),

    /** Queues a task that finishes or undoes what was interrupted on one image, or on all. */
    reconcile: operatorProcedure
      .input(reconcileInput)
      .output(queuedTask)
      .mutation(async ({ ctx, input }) => {
        ctx.audit.object = input.image ?? null;
        await clusters.get(input.cluster).whenOpen(); // refuse now what could not begin
        return { taskId: await runner.enqueue(reconcileTask, canonical(input), ctx.user) };
      }),
  });
}

/** Refuses a name that does not parse before there is a task. @throws {CoppiceError} `INVALID_NAME` */
function canonical({ cluster, image }: ReconcileInput): ReconcileInput {
  return image === undefined ? { cluster } : { cluster, image: formatImageSpec(parseImageSpec(image)) };
}

/** Finishing or undoing what was interrupted, as a task. */
export const reconcileTask: TaskKind<ReconcileInput, ReconcileTaskResult, OperationServices> = {
  kind: "reconcile",
  input: reconcileInput,
  result: reconcileResult,
  concurrency: () => 1,
  title: ({ image }) => `Finish or undo what was interrupted${image === undefined ? "" : ` on ${image}`}`,
  object: ({ cluster, image }): TaskObject =>
    image === undefined ? { kind: "cluster", cluster, spec: cluster } : imageObject(cluster, image),
  related: () => [],

  async run({ cluster: id, image }, task, { clusters, reconcilers }) {
    task.phase("Examining what stands on the cluster");
    const reconciled = await clusters.get(id).use((cluster) =>
      reconcilers.get(id).reconcile(cluster, {
        signal: task.signal,
        only: image === undefined ? undefined : (operation) => showImageSpec(operation.image) === image,
        onProgress({ done, total, last }) {
          task.progress(done, total);
          task.log(`${showImageSpec(last.operation.image)}: ${last.outcome}: ${last.what}.`);
        },
      }),
    );
    if (reconciled.length === 0) task.log("Nothing is interrupted.");
    const operations = reconciled.flatMap(({ operation, outcome, what }) =>
      outcome === "failed" || outcome === "left"
        ? []
        : [{ image: showImageSpec(operation.image), kind: operation.kind, outcome, what }],
    );
    const [unfinished, ...others] = reconciled.filter(
      ({ outcome }) => outcome === "failed" || outcome === "left",
    );
    if (unfinished === undefined) return { kind: "reconcile", operations };
    throw new CoppiceError({
      code: unfinished.error?.code ?? "INCOMPLETE",
      call: "reconcile",
      object: showImageSpec(unfinished.operation.image),
      message:
        others.length === 0
          ? unfinished.what
          : `${others.length + 1} operations could not be finished or undone; the first: ${unfinished.what}`,
      hint: unfinished.error?.hint ?? "The log names each. Stop what uses the images, and try again.",
      ...(unfinished.error === null ? {} : { cause: unfinished.error }),
    });
  },

  afterCrash: ({ image }) => ({
    message: "The server stopped while it was finishing or undoing what was interrupted.",
    hint: "It is tried again by itself when the cluster is connected again.",
    object: image ?? null,
  }),
};
