import {
  type Cluster,
  CoppiceError,
  formatImageSpec,
  openImage,
  parseImageSpec,
  planVolume,
  type StepProgress,
} from "rbd-core";
import { examineMade } from "../operations/clone.ts";
import type { OperationServices } from "../operations/operation-services.ts";
import type { TaskKind, TaskRun } from "../tasks/task-kind.ts";

// What the tasks of this folder have in common.

/** The spec of an image in its canonical form. @throws {CoppiceError} `INVALID_NAME`, also for the name of a snapshot */
export function imageOnly(text: string): string {
  const spec = parseImageSpec(text);
  if (spec.snapshot === undefined) return formatImageSpec(spec);
  throw new CoppiceError({
    code: "INVALID_NAME",
    call: "parseImageSpec",
    object: text,
    message: `${JSON.stringify(text)} names a snapshot where an image is needed`,
    hint: "Write pool/[namespace/]image.",
  });
}

/** The same for an image or one of its snapshots. @throws {CoppiceError} `INVALID_NAME` */
export function imageOrSnapshot(text: string): string {
  return formatImageSpec(parseImageSpec(text));
}

/** Does the work of a task on its cluster, under the task's name, and has the images read again afterwards. */
export async function workOn<T>(
  { clusters, inventories }: OperationServices,
  id: string,
  task: TaskRun,
  work: (cluster: Cluster) => Promise<T>,
): Promise<T> {
  try {
    return await clusters.get(id).use(async (cluster) => {
      await task.worksAs((await cluster.clientId()).toString(16));
      return await work(cluster);
    });
  } finally {
    inventories.get(id).renew();
  }
}

/** Passes the steps of an operation on as the phases of its task. */
export function reportSteps<Phase extends string>(
  task: TaskRun,
  names: Record<Phase | "undo", string>,
): (progress: Pick<StepProgress<Phase>, "phase" | "done" | "total" | "unit">) => void {
  let current: Phase | "undo" | null = null;
  return ({ phase, done, total, unit }) => {
    if (phase !== current) {
      task.phase(names[phase], unit);
      if (phase === "undo") task.log("Stopped: undoing what was made.");
    }
    current = phase;
    task.progress(done, total === 0 ? null : total);
  };
}

/** Refuses a name that is taken, or in a pool that is not there. @throws {CoppiceError} `EXISTS`, `NOT_FOUND` */
export async function checkFree(
  cluster: Cluster,
  target: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  await planVolume(cluster, { target, size: 1, signal });
}

/** Refuses an image or snapshot that is not there. @throws {CoppiceError} `NOT_FOUND`, `INCOMPLETE` */
export async function checkThere(
  cluster: Cluster,
  image: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  await using _image = await openImage(cluster, image, { readOnly: true, signal });
}

/** What is recorded of a task that makes an image: found out by the image. */
export function makes<Input extends { cluster: string; target: string }>(): NonNullable<
  TaskKind<Input, { kind: string }, OperationServices>["recorded"]
> {
  return {
    purpose: "make",
    examine: ({ cluster: id, target }, client, { clusters }) =>
      clusters.get(id).ask((cluster) => examineMade(cluster, target, client)),
  };
}

/** The words for a task that was to make an image, when the server died. */
export function halfMade(
  target: string,
  doing: string,
): ReturnType<TaskKind<never, never, never>["afterCrash"]> {
  return {
    message:
      `The server stopped while ${doing}. ` +
      `${target} is completed or removed when the cluster is connected again, with everything that was made for it.`,
    hint: "This task then says what became of it.",
    object: target,
  };
}
