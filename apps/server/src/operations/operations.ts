import { z } from "zod";
import {
  backupsRouter,
  backupTask,
  deleteTask,
  importTask,
  pruneTask,
  restoreTask,
  verifyTask,
} from "../backups/index.ts";
import { mirrorTask } from "../mirrors/mirror-task.ts";
import { mirrorsRouter } from "../mirrors/mirrors.ts";
import { drillTask } from "../schedules/drill-task.ts";
import { retentionTask } from "../schedules/retention-task.ts";
import { type RunnableKind, runnableKind } from "../tasks/task-kind.ts";
import type { TaskRunner } from "../tasks/task-runner.ts";
import { volumeKinds, volumesRouter } from "../volumes/volumes.ts";
import { cloneRouter, cloneTask } from "./clone.ts";
import { deletionRouter, deletionTask } from "./deletion/deletion.ts";
import { locksRouter } from "./deletion/locks.ts";
import { moveTask, purgeTask, restoreTask as restoreFromTrashTask, trashRouter } from "./deletion/trash.ts";
import { interruptedRouter, reconcileTask } from "./interrupted.ts";
import type { OperationServices } from "./operation-services.ts";
import { objectMapRouter, rebuildTask } from "./rebuild-object-map.ts";
import { chainRouter } from "./snapshots/chain.ts";
import { rollbackRouter, rollbackTask } from "./snapshots/rollback.ts";
import { snapshotsRouter, snapshotTask } from "./snapshots/snapshots.ts";

// A new operation is added to these two lists, and to no other.

/** Every kind of task. */
const kinds = [
  cloneTask,
  rebuildTask,
  reconcileTask,
  backupTask,
  restoreTask,
  verifyTask,
  deleteTask,
  pruneTask,
  importTask,
  snapshotTask,
  rollbackTask,
  deletionTask,
  moveTask,
  restoreFromTrashTask,
  purgeTask,
  ...volumeKinds,
  drillTask,
  retentionTask,
  mirrorTask,
] as const;

/** The areas of the API that start tasks. */
export function operationRouters(services: OperationServices, runner: TaskRunner) {
  return {
    clone: cloneRouter(services, runner),
    objectMap: objectMapRouter(services, runner),
    operations: interruptedRouter(services, runner),
    backups: backupsRouter(services, runner),
    chain: chainRouter(services),
    snapshots: snapshotsRouter(services, runner),
    rollback: rollbackRouter(services, runner),
    deletion: deletionRouter(services, runner),
    trash: trashRouter(services, runner),
    locks: locksRouter(services),
    volumes: volumesRouter(services, runner),
    mirrors: mirrorsRouter(services, runner),
  };
}

/** What a finished task reports, by its kind. */
export const taskResult = z.union(kinds.map(({ result }) => result));

export function runnableKinds(services: OperationServices): RunnableKind[] {
  // The input of each kind is checked by its own schema before it is used.
  return kinds.map((kind) => runnableKind<unknown, { kind: string }, OperationServices>(kind, services));
}
