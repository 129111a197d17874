/**
 * Backups: the places they go to (`targets`), what is in them (`catalogue`, `source-list`, `chain-view`), and the tasks that make,
 * restore, check and remove them. Everything else of the server uses what is exported here.
 */
export { backupTask } from "./backup-task.ts";
export { backupsRouter } from "./backups-router.ts";
export { importTask } from "./import-task.ts";
export { deleteTask, pruneTask, retentionPolicy } from "./removal-tasks.ts";
export { restoreTask } from "./restore-task.ts";
export { createBackups } from "./services.ts";
export { verifyTask } from "./verify-task.ts";
