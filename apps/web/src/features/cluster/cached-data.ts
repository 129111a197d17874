import type { ImageListPage, TaskListPage, TaskSummary } from "@coppice/server/router";
import type { InfiniteData, QueryClient } from "@tanstack/react-query";
import { trpc } from "#lib/api.ts";
import { isActive } from "#lib/task.ts";

/** A scan that found nothing new only makes what is shown younger; nothing is fetched for it. */
export function applyQuietScan(client: QueryClient, scannedAt: string): void {
  client.setQueriesData(trpc.lineage.forest.queryFilter(), (forest) => forest && { ...forest, scannedAt });
  client.setQueriesData<ImageListPage | InfiniteData<ImageListPage>>(
    trpc.images.list.pathFilter(),
    (list) => {
      if (list === undefined) return list;
      if (!("pages" in list)) return { ...list, scannedAt };
      return { ...list, pages: list.pages.map((page) => ({ ...page, scannedAt })) };
    },
  );
}

/** After a scan that found something: all that speaks of images is fetched again when it is next looked at. */
export async function invalidateInventory(client: QueryClient): Promise<void> {
  await Promise.all([
    client.invalidateQueries(trpc.images.pathFilter()),
    client.invalidateQueries(trpc.lineage.pathFilter()),
    client.invalidateQueries(trpc.cluster.pathFilter()),
  ]);
}

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

type TaskList = TaskListPage | InfiniteData<TaskListPage>;

/** The list with `task` in the place of its older self; undefined when the list does not have it. */
export function replaceTask(list: TaskList, task: TaskSummary): TaskList | undefined {
  if (!("pages" in list)) return replaceInPage(list, task);
  let found = false;
  const pages = list.pages.map((page) => {
    const changed = replaceInPage(page, task);
    if (changed !== undefined) found = true;
    return changed ?? page;
  });
  return found ? { ...list, pages } : undefined;
}

function replaceInPage(page: TaskListPage, task: TaskSummary): TaskListPage | undefined {
  const at = page.rows.findIndex((row) => row.id === task.id);
  return at < 0 ? undefined : { ...page, rows: page.rows.with(at, task) };
}
