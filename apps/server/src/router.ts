import { list as listAudit } from "./procedures/audit/list.ts";
import { plan } from "./procedures/clone/plan.ts";
import { start } from "./procedures/clone/start.ts";
import { info } from "./procedures/cluster/info.ts";
import { events } from "./procedures/events/events.ts";
import { get as getImage } from "./procedures/images/get.ts";
import { list as listImages } from "./procedures/images/list.ts";
import { refresh } from "./procedures/inventory/refresh.ts";
import { forest } from "./procedures/lineage/forest.ts";
import { rebuild } from "./procedures/object-map/rebuild.ts";
import { me } from "./procedures/session/me.ts";
import { cancel } from "./procedures/tasks/cancel.ts";
import { get as getTask } from "./procedures/tasks/get.ts";
import { list as listTasks } from "./procedures/tasks/list.ts";
import { t } from "./trpc/init.ts";

/** Everything the dashboard may ask of the server. */
export const appRouter = t.router({
  session: t.router({ me }),
  cluster: t.router({ info }),
  images: t.router({ list: listImages, get: getImage }),
  lineage: t.router({ forest }),
  inventory: t.router({ refresh }),
  clone: t.router({ plan, start }),
  objectMap: t.router({ rebuild }),
  tasks: t.router({ list: listTasks, get: getTask, cancel }),
  audit: t.router({ list: listAudit }),
  events,
});

export type AppRouter = typeof appRouter;

export type { Role } from "./auth/roles.ts";
export type { UserError } from "./errors/user-error.ts";
export type { ServerEvent } from "./events/event.ts";
export type { AuditListPage, AuditListRow } from "./procedures/audit/list.schema.ts";
export type { CloneInput, ClonePlanView } from "./procedures/clone/clone.schema.ts";
export type { ClusterInfo, PoolInfo } from "./procedures/cluster/info.schema.ts";
export type { ImageDetail, SnapshotDetail } from "./procedures/images/get.schema.ts";
export type {
  ImageListInput,
  ImageListPage,
  ImageListRow,
  RowError,
  ScanProblem,
} from "./procedures/images/list.schema.ts";
export type { LineageForest, LineageNode } from "./procedures/lineage/forest.schema.ts";
export type { Me } from "./procedures/session/me.schema.ts";
export type { TaskListPage } from "./procedures/tasks/list.schema.ts";
export type {
  CloneTaskResult,
  RebuildTaskResult,
  Task,
  TaskError,
  TaskLogLine,
  TaskResult,
  TaskState,
  TaskSummary,
  TaskUnit,
} from "./tasks/task-view.ts";
