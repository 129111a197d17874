import { createHash } from "node:crypto";
import {
  blockerKinds,
  type DeletionPlan,
  type DeletionStep,
  deletionPlan,
  executeDeletion,
  type ImageById,
  type ImageSpec,
  showStep,
} from "rbd-core";
import { z } from "zod";
import { operatorProcedure, viewerProcedure } from "../../api/procedures.ts";
import { clusterId, queuedTask } from "../../api/schemas.ts";
import { t } from "../../api/trpc.ts";
import { ServerError } from "../../base/errors.ts";
import { imageObject } from "../../tasks/task.ts";
import type { TaskKind } from "../../tasks/task-kind.ts";
import type { TaskRunner } from "../../tasks/task-runner.ts";
import { imageById, imageName, keyOf, namedImage } from "../named-image.ts";
import type { OperationServices } from "../operation-services.ts";
import { measure } from "../snapshots/chain.ts";

/** Each may flatten clones, which reads and writes a lot. */
const CONCURRENCY = 2;

const deletionWay = z.enum(["trash", "remove"]);

const planInput = z.object({
  cluster: clusterId,
  image: imageName,
  /** The snapshot to remove, without the `@`. Left out: the image itself. */
  snapshot: z.string().min(1).max(1024).optional(),
});

const deletionStep = z.object({
  do: z.enum([
    "flatten",
    "leave-group",
    "move-to-trash",
    "unprotect",
    "remove-snapshot",
    "remove-from-trash",
  ]),
  /** In words: "flatten rbd/vm-2". */
  text: z.string(),
  /** The most that flattening copies, in bytes; 0 for other steps. */
  copies: z.number(),
  /** What the step frees; null when it frees nothing, or that is not known. */
  frees: measure.nullable(),
});

const planView = z.object({
  /** `pool/[namespace/]image[@snapshot]`. */
  spec: z.string(),
  /** Whether the image is in the trash already. */
  inTrash: z.boolean(),
  plannedAt: z.string(),
  /** Why the target cannot simply be removed: first what the user has to do, then what a step of the plan does. */
  blockers: z.array(
    z.object({
      kind: z.enum(blockerKinds),
      /** The snapshot that it is about. */
      snapshot: z.string().nullable(),
      /** What blocks: the clone, the group, the address. */
      object: z.string(),
      /** Of a lock: who holds it. */
      owner: z.string().nullable(),
      /** One sentence without a full stop. */
      message: z.string(),
      /** What to do; null when a step of the plan does it. */
      hint: z.string().nullable(),
      /** The ways that it closes. */
      closes: z.array(deletionWay),
    }),
  ),
  /** The ways that make sense, the shortest open one first. */
  ways: z.array(
    z.object({
      way: deletionWay,
      /** False when a blocker closes it; then there are no steps. */
      open: z.boolean(),
      steps: z.array(deletionStep),
      /** The most that flattening copies, in bytes. */
      copies: z.number(),
      /** What is freed when all steps are done; null when that is not known. */
      frees: measure.nullable(),
    }),
  ),
  /** Names the facts behind the plan: `deletion.start` refuses when they have changed. */
  fingerprint: z.string(),
});

const startInput = planInput.extend({ way: deletionWay, fingerprint: z.string().length(64) });

/** What the task stores: the target by its id, so that it follows a rename and never meets another image. */
const deletionInput = z.object({
  cluster: clusterId,
  spec: z.string(),
  image: imageById,
  snapshot: z.string().nullable(),
  way: deletionWay,
  fingerprint: z.string(),
});

const deletionResult = z.object({
  kind: z.literal("delete"),
  /** Spec of the image or snapshot. */
  target: z.string(),
  way: deletionWay,
  steps: z.number(),
  frees: measure.nullable(),
  /** Names an image that is in the trash now and can be restored as it was; null otherwise. */
  key: z.string().nullable(),
});

type DeletionInput = z.output<typeof deletionInput>;
export type DeletionPlanView = z.output<typeof planView>;
export type DeletionTaskResult = z.output<typeof deletionResult>;

/** `deletion` of the API. */
export function deletionRouter(services: OperationServices, runner: TaskRunner) {
  return t.router({
    /** Why an image or snapshot cannot simply be removed, and the shortest safe ways to do it. Changes nothing. */
    plan: viewerProcedure
      .input(planInput)
      .output(planView)
      .query(async ({ input, signal }) => viewOf(await planFor(services, input, signal))),

    /** Queues one way of the plan that was shown. Refused when the facts have changed since. */
    start: operatorProcedure
      .input(startInput)
      .output(queuedTask)
      .mutation(async ({ ctx, input, signal }) => {
        ctx.audit.object = targetName(input);
        const plan = await planFor(services, input, signal);
        checkPlan(plan, input);
        const { pool, namespace, id } = plan.image;
        const stored = {
          cluster: input.cluster,
          spec: plan.spec,
          image: { pool, namespace, id },
          snapshot: plan.snapshot?.name ?? null,
          way: input.way,
          fingerprint: input.fingerprint,
        };
        return { taskId: await runner.enqueue(deletionTask, stored, ctx.user) };
      }),
  });
}

function targetName({ image, snapshot }: z.output<typeof planInput>): string {
  return snapshot === undefined ? image : `${image}@${snapshot}`;
}

async function planFor(
  { clusters, dependantsOf }: OperationServices,
  { cluster: id, image, snapshot }: z.output<typeof planInput>,
  signal: AbortSignal | undefined,
): Promise<DeletionPlan> {
  const target = withSnapshot(namedImage(id, image), snapshot ?? null);
  return await clusters
    .get(id)
    .ask((cluster) => deletionPlan(cluster, target, { findDependants: dependantsOf(id), signal }));
}

function withSnapshot<Target extends ImageSpec | ImageById>(image: Target, snapshot: string | null): Target {
  return snapshot === null ? image : { ...image, snapshot };
}

/** @throws {ServerError} `PLAN_CHANGED` when this is not the plan that was shown, or its way is closed */
function checkPlan(
  plan: DeletionPlan,
  { way, fingerprint }: { way: DeletionInput["way"]; fingerprint: string },
): void {
  const open = plan.ways.some((each) => each.way === way && each.open);
  if (open && fingerprintOf(plan) === fingerprint) return;
  throw new ServerError("PLAN_CHANGED", `What depends on ${plan.spec} has changed since the plan was made.`, {
    hint: "Nothing was removed. Look at the new plan, and start that.",
    object: plan.spec,
  });
}

/** What the plan does and why, without amounts: those change with every write. */
export function fingerprintOf({ image, snapshot, blockers, ways }: DeletionPlan): string {
  const facts = [
    image.pool,
    image.namespace,
    image.id,
    snapshot === null ? null : String(snapshot.id),
    blockers.map(({ kind, object, snapshot: about, closes }) => [kind, object, about, closes]),
    ways.map(({ way, open, steps }) => [way, open, steps.map(stepIdentity)]),
  ];
  return createHash("sha256").update(JSON.stringify(facts)).digest("hex");
}

function stepIdentity(step: DeletionStep): string[] {
  const named = [step.do, showStep(step)];
  if (step.do === "flatten") named.push(step.child.id);
  if ("snapshot" in step) named.push(String(step.snapshot.id));
  return named;
}

/** The SDK's hints speak of its functions; the dashboard has a button for this one. */
const HINTS: Partial<Record<(typeof blockerKinds)[number], string>> = {
  lock: "Stop that client. If it is gone for good, break its lock.",
};

function viewOf(plan: DeletionPlan): DeletionPlanView {
  return {
    spec: plan.spec,
    inTrash: plan.snapshot === null && plan.ways.every(({ way }) => way !== "trash"),
    plannedAt: plan.plannedAt.toISOString(),
    blockers: plan.blockers.map(({ kind, snapshot, object, owner, message, hint, closes }) => ({
      kind,
      snapshot,
      object,
      owner: owner ?? null,
      message,
      hint: hint === null ? null : (HINTS[kind] ?? hint),
      closes,
    })),
    ways: plan.ways.map(({ way, open, steps, copies, frees }) => ({
      way,
      open,
      steps: steps.map((step) => ({
        do: step.do,
        text: showStep(step),
        copies: step.do === "flatten" ? step.copies : 0,
        frees: "frees" in step ? step.frees : null,
      })),
      copies,
      frees,
    })),
    fingerprint: fingerprintOf(plan),
  };
}

/** A deletion as a task: the plan that was shown, and nothing else. */
export const deletionTask: TaskKind<DeletionInput, DeletionTaskResult, OperationServices> = {
  kind: "delete",
  input: deletionInput,
  result: deletionResult,
  concurrency: () => CONCURRENCY,
  title: ({ spec, snapshot, way }) => {
    if (snapshot !== null) return `Remove the snapshot ${spec}`;
    return way === "trash" ? `Move ${spec} to the trash` : `Delete ${spec}`;
  },
  object: ({ cluster, spec }) => imageObject(cluster, spec),
  related: () => [],

  async run(input, task, { clusters, inventories, dependantsOf }) {
    const { cluster: id, spec, way } = input;
    task.phase("Checking the plan");
    try {
      return await clusters.get(id).use(async (cluster) => {
        const findDependants = dependantsOf(id);
        const target = withSnapshot(input.image, input.snapshot);
        const plan = await deletionPlan(cluster, target, { findDependants, signal: task.signal });
        checkPlan(plan, input);
        const planned = plan.ways.find((each) => each.way === way);
        const total = planned?.steps.length ?? 0;
        const outcome = await executeDeletion(cluster, plan, {
          way,
          findDependants,
          signal: task.signal,
          onStep(step, done) {
            const text = `Step ${done + 1} of ${total}: ${showStep(step)}`;
            task.phase(text, step.do === "flatten" || step.do === "remove-from-trash" ? "objects" : "steps");
            task.log(`${text}.`);
          },
          onProgress: ({ done, total: objects }) => task.progress(done, objects),
        });
        if (outcome.state === "stopped") {
          throw new ServerError(
            "PLAN_CHANGED",
            `Stopped after ${outcome.done.length} of ${total} steps: ${outcome.reason}.`,
            { hint: "What was done stays done. Look at the new plan, and start that.", object: spec },
          );
        }
        const restorable = way === "trash" && plan.snapshot === null && total === 1;
        return {
          kind: "delete",
          target: spec,
          way,
          steps: outcome.done.length,
          frees: planned?.frees ?? null,
          key: restorable ? keyOf(id, plan.image) : null,
        };
      });
    } finally {
      inventories.get(id).renew();
    }
  },

  afterCrash: ({ spec }) => ({
    message: `The server stopped while ${spec} was being deleted. The log names the last step that had begun.`,
    hint: "What was done stays done, and a removal that had begun is finished by itself. Otherwise start it again.",
    object: spec,
  }),
};
