import type { TaskListPage, TaskSummary } from "@coppice/server/router";
import type { InfiniteData, QueryClient } from "@tanstack/react-query";
import { isActive } from "#lib/task/task-state.ts";
import { trpc } from "#lib/trpc/trpc.ts";
import { replaceTask } from "./replace-task.ts";

/**
 * Puts a task's new state into every list and page that has it. A list that lacks it is fetched again. So is all that
 * shows the task when it ends: an answer that was on its way when it ended must not have the last word.
 */
export function applyTask(client: QueryClient, task: TaskSummary): void {
  const ended = !isActive(task.state);
  const lists = client.getQueriesData<TaskListPage | InfiniteData<TaskListPage>>(
    trpc.tasks.list.pathFilter(),
  );
  for (const [queryKey, list] of lists) {
    const changed = list === undefined ? undefined : replaceTask(list, task);
    if (changed !== undefined) client.setQueryData(queryKey, changed);
    if (changed === undefined || ended) void client.invalidateQueries({ queryKey, exact: true });
  }
  applyToPage(client, task, ended);
}

/** Events carry no log, so the page is fetched again when the phase or the state changed. */
function applyToPage(client: QueryClient, task: TaskSummary, ended: boolean): void {
  const queryKey = trpc.tasks.get.queryKey({ id: task.id });
  const query = client.getQueryCache().find({ queryKey });
  if (query === undefined) return;
  const again = () => client.invalidateQueries({ queryKey, exact: true });

  const known = client.getQueryData(queryKey);
  if (known === undefined) {
    // The first answer is on its way and may be older than this event.
    void query.promise?.then(again, again);
    return;
  }
  client.setQueryData(queryKey, { ...task, log: known.log });
  if (ended || known.state !== task.state || known.phase !== task.phase) void again();
}
