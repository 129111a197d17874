import { t } from "../api/trpc.ts";
import type { OperationServices } from "../operations/operation-services.ts";
import type { TaskRunner } from "../tasks/task-runner.ts";
import { copyRouter, copyTask } from "./copy.ts";
import { createVolumeRouter, createVolumeTask } from "./create-volume.ts";
import { flattenRouter, flattenTask } from "./flatten.ts";
import { importRouter, importTask } from "./import.ts";
import { renameRouter, renameTask } from "./rename.ts";
import { resizeRouter, resizeTask } from "./resize.ts";
import { captureRouter, captureTask, removeTemplateRouter, removeTemplateTask } from "./templates.ts";

/** The tasks that create and change images. */
export const volumeKinds = [
  createVolumeTask,
  resizeTask,
  renameTask,
  flattenTask,
  copyTask,
  captureTask,
  importTask,
  removeTemplateTask,
] as const;

/** `volumes` of the API: creating and changing images. */
export function volumesRouter(services: OperationServices, runner: TaskRunner) {
  return t.router({
    create: createVolumeRouter(services, runner),
    resize: resizeRouter(services, runner),
    rename: renameRouter(services, runner),
    flatten: flattenRouter(services, runner),
    copy: copyRouter(services, runner),
    capture: captureRouter(services, runner),
    import: importRouter(services, runner),
    removeTemplate: removeTemplateRouter(services, runner),
  });
}
