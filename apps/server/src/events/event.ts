import type { TaskSummary } from "../tasks/task-view.ts";

/**
 * What a tab is told. `hello` begins every new stream: whoever holds images of another `scannedAt` fetched them before
 * the stream began and missed a change (null: the images were not read yet). `inventory.changed` holds the keys of rows that appeared, changed or went; `reset` means
 * that events were missed (the server restarted, or the tab was away too long): fetch again what is on screen.
 */
export type ServerEvent =
  | { type: "hello"; scannedAt: string | null }
  | { type: "task"; task: TaskSummary }
  | { type: "inventory"; scannedAt: string; changed: string[] }
  | { type: "reset" };
