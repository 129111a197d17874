import type { TaskSummary } from "../tasks/task-view.ts";

/**
 * What a tab is told. `inventory.changed` holds the keys of rows that appeared, changed or went; `reset` means
 * that events were missed (the server restarted, or the tab was away too long): fetch again what is on screen.
 */
export type ServerEvent =
  | { type: "task"; task: TaskSummary }
  | { type: "inventory"; scannedAt: string; changed: string[] }
  | { type: "reset" };
