import { z } from "zod";
import { type RunnableKind, runnableKind } from "../tasks/task-kind.ts";
import { cloneTask } from "./clone.ts";
import type { OperationServices } from "./operation-services.ts";
import { rebuildTask } from "./rebuild-object-map.ts";

/** Every kind of task. A new one is added here and nowhere else. */
const kinds = [cloneTask, rebuildTask] as const;

/** What a finished task reports, by its kind. */
export const taskResult = z.union(kinds.map(({ result }) => result));

export function runnableKinds(services: OperationServices): RunnableKind[] {
  return kinds.map((kind) => runnableKind<unknown, { kind: string }, OperationServices>(kind, services));
}
