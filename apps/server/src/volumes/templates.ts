import {
  type CapturePhase,
  type Cluster,
  CoppiceError,
  captureImage,
  openImage,
  planCapture,
  previewRemoveTemplate,
  removeTemplate,
  showImageSpec,
  toImageSpec,
} from "rbd-core";
import { z } from "zod";
import { operatorProcedure } from "../api/procedures.ts";
import { clusterId, queuedTask, typedSpec } from "../api/schemas.ts";
import { t } from "../api/trpc.ts";
import { ServerError } from "../base/errors.ts";
import { clonePlan, clonePlanView } from "../operations/clone.ts";
import type { OperationServices } from "../operations/operation-services.ts";
import { imageObject } from "../tasks/task.ts";
import type { TaskKind, TaskOutcome } from "../tasks/task-kind.ts";
import type { TaskRunner } from "../tasks/task-runner.ts";
import { halfMade, imageOnly, imageOrSnapshot, makes, reportSteps, workOn } from "./volume-task.ts";

const CONCURRENCY = 2;

const captureInput = z.object({
  cluster: clusterId,
  /** `pool/[namespace/]image`, or one of its snapshots. */
  source: typedSpec,
  /** The template: `pool/[namespace/]image` that does not exist yet. */
  target: typedSpec,
});

const captureResult = z.object({
  kind: z.literal("capture"),
  /** Spec of the template's image. */
  target: z.string(),
  /** Spec of the snapshot that disks are cloned from. */
  snapshot: z.string(),
  source: z.string(),
});

const removeInput = z.object({
  cluster: clusterId,
  /** The template's image, or its snapshot: `snap` unless it says otherwise. */
  template: typedSpec,
});

const removePreview = z.object({
  /** Spec of the snapshot that goes with it. */
  snapshot: z.string(),
  /** Why it cannot be removed, one sentence each without a full stop; empty when it can. */
  blockers: z.array(z.object({ kind: z.string(), message: z.string() })),
  /** Specs of the images that were cloned from it. */
  clones: z.array(z.object({ spec: z.string(), inTrash: z.boolean() })),
});

const removeResult = z.object({ kind: z.literal("remove-template"), target: z.string() });

type CaptureInput = z.output<typeof captureInput>;
type RemoveInput = z.output<typeof removeInput>;
export type TemplateRemoval = z.output<typeof removePreview>;

/** `volumes.capture` of the API. */
export function captureRouter({ clusters }: OperationServices, runner: TaskRunner) {
  const plan = async ({ cluster: id, ...input }: CaptureInput, signal: AbortSignal | undefined) => {
    const { clone } = await clusters
      .get(id)
      .ask((cluster) => planCapture(cluster, { ...captureOptions(input), signal }));
    return clonePlanView(clone);
  };
  return t.router({
    /** What `volumes.capture.start` with the same input would do. Reads the cluster, changes nothing. */
    plan: operatorProcedure
      .input(captureInput)
      .output(clonePlan)
      .query(({ input, signal }) => plan(input, signal)),

    /** Queues the making of a template from a disk, which may be in use. */
    start: operatorProcedure
      .input(captureInput)
      .output(queuedTask)
      .mutation(async ({ ctx, input, signal }) => {
        ctx.audit.object = input.target;
        const checked = { ...input, ...captureOptions(input) };
        await plan(checked, signal); // refuse now what could not begin
        return { taskId: await runner.enqueue(captureTask, checked, ctx.user) };
      }),
  });
}

/** @throws {CoppiceError} `INVALID_NAME` */
function captureOptions({ source, target }: Pick<CaptureInput, "source" | "target">) {
  return { source: imageOrSnapshot(source), target: imageOnly(target) };
}

const PHASES: Record<CapturePhase | "undo", string> = {
  snapshot: "Preparing the snapshot",
  clone: "Creating the template",
  flatten: "Copying the disk",
  release: "Releasing the snapshot",
  grow: "Enlarging the template",
  "template-snapshot": "Creating the template's snapshot",
  "template-protect": "Protecting the template's snapshot",
  undo: "Undoing",
};

/** Making a template from a disk as a task. */
export const captureTask: TaskKind<CaptureInput, z.output<typeof captureResult>, OperationServices> = {
  kind: "capture",
  input: captureInput,
  result: captureResult,
  concurrency: () => CONCURRENCY,
  title: ({ source, target }) => `Capture ${source} as the template ${target}`,
  object: ({ cluster, target }) => imageObject(cluster, target),
  related: ({ cluster, source }) => [imageObject(cluster, source)],

  async run({ cluster: id, source, target }, task, services) {
    const captured = await workOn(services, id, task, (cluster) =>
      captureImage(cluster, {
        source,
        target,
        signal: task.signal,
        onProgress: reportSteps(task, PHASES),
      }),
    );
    const state = showImageSpec(captured.source);
    task.log(
      `The template is a full copy of ${state}, which was ${captured.reused ? "reused" : "made for it"}.`,
    );
    if (!captured.unchanged) task.log(`${state} stays, because another clone depends on it.`);
    for (const warning of captured.warnings) task.log(warning);
    return { kind: "capture", target, snapshot: showImageSpec(captured.template), source };
  },

  afterCrash: ({ source, target }) => halfMade(target, `${source} was being captured`),
  recorded: makes(),
};

/** `volumes.removeTemplate` of the API. */
export function removeTemplateRouter({ clusters }: OperationServices, runner: TaskRunner) {
  const preview = ({ cluster: id, template }: RemoveInput, signal: AbortSignal | undefined) =>
    clusters.get(id).ask((cluster) => previewRemoveTemplate(cluster, imageOrSnapshot(template), { signal }));
  return t.router({
    /** What blocks the removal of a template. Reads the cluster, changes nothing. */
    preview: operatorProcedure
      .input(removeInput)
      .output(removePreview)
      .query(async ({ input, signal }) => {
        const { template, blockers, clones } = await preview(input, signal);
        return {
          snapshot: showImageSpec(template),
          blockers: blockers.map(({ kind, message }) => ({ kind, message })),
          clones: clones.map(({ spec, inTrash }) => ({ spec: showImageSpec(spec), inTrash })),
        };
      }),

    /** Queues the removal of a template with its snapshot. One that has clones or other snapshots is refused. */
    start: operatorProcedure
      .input(removeInput)
      .output(queuedTask)
      .mutation(async ({ ctx, input, signal }) => {
        ctx.audit.object = input.template;
        const { template, blockers } = await preview(input, signal);
        const lasting = blockers.filter(({ kind }) => kind !== "in-use"); // which may pass
        if (lasting.length > 0) {
          throw new ServerError("BLOCKED", `${lasting.map(({ message }) => message).join("; ")}.`, {
            hint: "Remove what depends on the template first.",
            object: showImageSpec(template),
          });
        }
        const checked = { ...input, template: showImageSpec(template) };
        return { taskId: await runner.enqueue(removeTemplateTask, checked, ctx.user) };
      }),
  });
}

/** Removing a template as a task. */
export const removeTemplateTask: TaskKind<RemoveInput, z.output<typeof removeResult>, OperationServices> = {
  kind: "remove-template",
  input: removeInput,
  result: removeResult,
  concurrency: () => CONCURRENCY,
  title: ({ template }) => `Remove the template ${imageOf(template)}`,
  object: ({ cluster, template }) => imageObject(cluster, imageOf(template)),
  related: () => [],

  async run({ cluster: id, template }, task, services) {
    task.phase("Removing the template");
    await workOn(services, id, task, (cluster) =>
      removeTemplate(cluster, {
        template,
        signal: task.signal,
        onProgress: ({ done, total }) => task.progress(done, total === 0 ? null : total),
      }),
    );
    return { kind: "remove-template", target: imageOf(template) };
  },

  afterCrash: ({ template }) => ({
    message:
      `The server stopped while the template ${imageOf(template)} was being removed. ` +
      "When the cluster is connected again, the removal is carried through if it had begun.",
    hint: "This task then says what became of it.",
    object: imageOf(template),
  }),

  recorded: {
    purpose: "remove",
    examine: ({ cluster: id, template }, _client, { clusters }) =>
      clusters.get(id).ask((cluster) => examineRemoved(cluster, imageOf(template))),
  },
};

/** The spec of the image that a template's snapshot belongs to. */
function imageOf(template: string): string {
  const { snapshot: _, ...image } = toImageSpec(template);
  return showImageSpec(image);
}

async function examineRemoved(cluster: Cluster, image: string): Promise<TaskOutcome> {
  try {
    await using _image = await openImage(cluster, image, { readOnly: true });
    return { outcome: "undone", what: `${image} is as it was` };
  } catch (error) {
    if (!(error instanceof CoppiceError && error.code === "NOT_FOUND")) throw error;
    return { outcome: "finished", what: `${image} is removed` };
  }
}
