import type { AuditLog } from "./audit/audit-log.ts";
import type { CloneService } from "./clone/clone-service.ts";
import type { ClusterService } from "./cluster/cluster-service.ts";
import type { EventHub } from "./events/event-hub.ts";
import type { InventoryService } from "./inventory/inventory-service.ts";
import type { ObjectMapService } from "./object-map/object-map-service.ts";
import type { TaskService } from "./tasks/task-service.ts";

/** What the procedures are built on. One of each per server. */
export interface Services {
  version: string;
  cluster: ClusterService;
  inventory: InventoryService;
  clones: CloneService;
  objectMaps: ObjectMapService;
  tasks: TaskService;
  events: EventHub;
  audit: AuditLog;
}
