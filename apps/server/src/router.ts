import type { inferRouterOutputs } from "@trpc/server";
import { type ApiKeys, keysRouter } from "./access/api-keys.ts";
import { type AuditLog, auditRouter } from "./access/audit.ts";
import { sessionRouter } from "./access/session.ts";
import { type Users, usersRouter } from "./access/users.ts";
import { t } from "./api/trpc.ts";
import { clusterRouter, clustersRouter } from "./cluster/cluster-info.ts";
import { eventsProcedure } from "./events/event-stream.ts";
import type { Hub } from "./events/hub.ts";
import type { ServerEvent as AnyServerEvent } from "./events/server-event.ts";
import { imagesRouter, inventoryRouter, lineageRouter } from "./inventory/inventories.ts";
import type { Notifications } from "./notifications/notifications.ts";
import { notificationsRouter } from "./notifications/notifications-router.ts";
import type { OperationServices } from "./operations/operation-services.ts";
import { operationRouters, taskResult } from "./operations/operations.ts";
import { policiesRouter } from "./schedules/policies-router.ts";
import { protectionRouter } from "./schedules/protection-router.ts";
import type { Schedules } from "./schedules/schedules.ts";
import type { TaskRunner } from "./tasks/task-runner.ts";
import { tasksRouter } from "./tasks/tasks-router.ts";

/** What the procedures work with. */
export interface Services extends OperationServices {
  version: string;
  runner: TaskRunner;
  hub: Hub;
  audit: AuditLog;
  users: Users;
  keys: ApiKeys;
  schedules: Schedules;
  notifications: Notifications;
}

/** Everything the API offers. */
export function createRouter(services: Services) {
  const { version, clusters, inventories, runner, hub, audit, users, keys } = services;
  return t.router({
    session: sessionRouter(version, users),
    users: usersRouter(users),
    keys: keysRouter(keys),
    clusters: clustersRouter(clusters),
    cluster: clusterRouter(services),
    images: imagesRouter(inventories),
    lineage: lineageRouter(inventories),
    inventory: inventoryRouter(inventories),
    ...operationRouters(services, runner),
    tasks: tasksRouter(runner, taskResult),
    policies: policiesRouter(services),
    protection: protectionRouter(services),
    notifications: notificationsRouter(services.notifications),
    audit: auditRouter(audit),
    events: eventsProcedure(hub, taskResult),
  });
}

export type AppRouter = ReturnType<typeof createRouter>;

type Outputs = inferRouterOutputs<AppRouter>;

/** What the dashboard sees of a task, an event and so on. Inferred from the schemas of the procedures. */
export type Task = Outputs["tasks"]["get"];
export type TaskListPage = Outputs["tasks"]["list"];
export type TaskSummary = TaskListPage["rows"][number];
export type TaskResult = NonNullable<Task["result"]>;
export type ServerEvent = Exclude<AnyServerEvent, { type: "task" }> | { type: "task"; task: TaskSummary };

export type { ApiKeyRow } from "./access/api-keys.ts";
export type { AuditListPage, AuditListRow } from "./access/audit.ts";
export type { Me, OwnSession } from "./access/session.ts";
export type { UserRow } from "./access/users.ts";
export type { RowError } from "./api/schemas.ts";
export type { Role } from "./api/trpc.ts";
export type { BackupRequest, BackupTaskResult } from "./backups/backup-task.ts";
export type { PointDetail, TargetView } from "./backups/backups-router.ts";
export type { BackupChainView, PointView } from "./backups/chain-view.ts";
export type { ImportCinderTaskResult } from "./backups/import-task.ts";
export type {
  DeleteBackupTaskResult,
  PrunePlanView,
  PruneTaskResult,
  RetentionPolicyInput,
} from "./backups/removal-tasks.ts";
export type { RestorePlanView, RestoreRequest, RestoreTaskResult } from "./backups/restore-task.ts";
export type { SourceDetail, SourceRow, SourcesInput, SourcesPage } from "./backups/source-list.ts";
export type { TargetCheck, TargetSettings } from "./backups/targets.ts";
export type { VerifyTaskResult } from "./backups/verify-task.ts";
export type { UserError } from "./base/errors.ts";
export type { ClusterInfo, ClusterList, ClusterSummary, PoolInfo } from "./cluster/cluster-info.ts";
export type { ScanProblem } from "./inventory/catalog.ts";
export type { ImageDetail, SnapshotDetail } from "./inventory/image-detail.ts";
export type { ImageListInput, ImageListPage } from "./inventory/image-list.ts";
export type { ImageListRow } from "./inventory/image-row.ts";
export type { LineageForest, LineageNode } from "./inventory/lineage.ts";
export type { ChannelView } from "./notifications/notifications-router.ts";
export type { CloneInput, ClonePlanView, CloneTaskResult } from "./operations/clone.ts";
export type { DeletionPlanView, DeletionTaskResult } from "./operations/deletion/deletion.ts";
export type {
  MoveToTrashTaskResult,
  PurgePreview,
  PurgeTaskResult,
  RestoreFromTrashTaskResult,
  TrashPage,
} from "./operations/deletion/trash.ts";
export type { ReconcileTaskResult, RecordedOperation } from "./operations/interrupted.ts";
export type { RebuildTaskResult } from "./operations/rebuild-object-map.ts";
export type { ChainSizes, ChainView, ChangedView } from "./operations/snapshots/chain.ts";
export type { RollbackTaskResult } from "./operations/snapshots/rollback.ts";
export type { SnapshotTaskResult } from "./operations/snapshots/snapshots.ts";
export type { DrillTaskResult } from "./schedules/drill-task.ts";
export type { DrillRow, PolicyJobView, PolicyPreview, PolicyView } from "./schedules/policies-router.ts";
export type { Job, PolicyDefinition } from "./schedules/policy.ts";
export type { CountedRun } from "./schedules/policy-store.ts";
export type { ImageProtection, ProtectionState } from "./schedules/protection.ts";
export type { ProtectionSummary } from "./schedules/protection-router.ts";
export type { RetentionPreview } from "./schedules/retention-preview.ts";
export type { RetentionTaskResult } from "./schedules/retention-task.ts";
export type { RunItem, RunState } from "./schedules/run.ts";
export type { TaskError, TaskLogLine, TaskObject, TaskState, TaskUnit } from "./tasks/task.ts";
export type { CreateVolumeInput, CreateVolumePlan } from "./volumes/create-volume.ts";
export type { ResizePlan } from "./volumes/resize.ts";
export type { TemplateRemoval } from "./volumes/templates.ts";
