import type { AuditTable } from "../audit/audit-table.ts";
import type { AuthTables } from "../auth/auth-tables.ts";
import type { TaskLogTable, TaskTable } from "../tasks/task-table.ts";

/** Every table. Times are ISO 8601 in UTC, so that they sort as text in any database. */
export interface Tables extends AuthTables {
  task: TaskTable;
  taskLog: TaskLogTable;
  audit: AuditTable;
}
