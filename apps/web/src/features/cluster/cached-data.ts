import type { ImageListPage, TaskListPage, TaskSummary } from "@coppice/server/router";
import type { InfiniteData, QueryClient } from "@tanstack/react-query";
import { trpc } from "#lib/api.ts";
import { isActive } from "#lib/task.ts";

/** Whether a query is about a cluster: its input names it. A query that names no cluster is about all of them. */
function concerns({ queryKey }: { queryKey: readonly unknown[] }, cluster: string): boolean {
  const options = queryKey[1] as { input?: { cluster?: string } } | undefined;
  const named = options?.input?.cluster;
  return named === undefined || named === cluster;
}

/** Everything about a cluster is fetched again, or everything when `cluster` is null. */
export async function invalidateCluster(client: QueryClient, cluster: string | null): Promise<void> {
  await client.invalidateQueries({ predicate: (query) => cluster === null || concerns(query, cluster) });
}

/** An inventory without changes only updates the time of the cached data; nothing is fetched. */
export function applyUnchangedInventory(
  client: QueryClient,
  { cluster, scannedAt }: { cluster: string; scannedAt: string },
): void {
  client.setQueriesData(
    trpc.lineage.forest.queryFilter({ cluster }),
    (forest) => forest && { ...forest, scannedAt },
  );
  client.setQueriesData<ImageListPage | InfiniteData<ImageListPage>>(
    { ...trpc.images.list.pathFilter(), predicate: (query) => concerns(query, cluster) },
    (list) => {
      if (list === undefined) return list;
      if (!("pages" in list)) return { ...list, scannedAt };
      return { ...list, pages: list.pages.map((page) => ({ ...page, scannedAt })) };
    },
  );
}

/** After an inventory with changes, everything about images is fetched again, hidden pages when they are next shown. */
export async function invalidateInventory(client: QueryClient, cluster: string): Promise<void> {
  const { images, lineage, cluster: info, chain, deletion, trash, protection } = trpc;
  const areas = [images, lineage, info, chain, deletion, trash, protection];
  const filters = areas.map((area) => area.pathFilter());
  await Promise.all(
    filters.map((filter) =>
      client.invalidateQueries({ ...filter, predicate: (query) => concerns(query, cluster) }),
    ),
  );
}

/** After a change of a policy or a run, or when a task has ended, which may have made a backup. */
export async function invalidateProtection(client: QueryClient): Promise<void> {
  await Promise.all([
    client.invalidateQueries(trpc.policies.pathFilter()),
    client.invalidateQueries(trpc.protection.pathFilter()),
  ]);
}

/**
 * Updates a task in every cached list and page. A list that does not contain the task is fetched again. When the task
 * has ended, everything that shows it is fetched again, because a response from before the end may still arrive.
 */
export function applyTask(client: QueryClient, task: TaskSummary): void {
  const ended = !isActive(task.state);
  const lists = client.getQueriesData<TaskListPage | InfiniteData<TaskListPage>>({
    ...trpc.tasks.list.pathFilter(),
    predicate: (query) => concerns(query, task.object.cluster),
  });
  for (const [queryKey, list] of lists) {
    const changed = list === undefined ? undefined : replaceTask(list, task);
    if (changed !== undefined) client.setQueryData(queryKey, changed);
    if (changed === undefined || ended) void client.invalidateQueries({ queryKey, exact: true });
  }
  applyToTaskPage(client, task, ended);
  if (ended && BACKUP_KINDS.has(task.kind)) void client.invalidateQueries(trpc.backups.pathFilter());
}

/** The tasks that change what is known of backups. */
const BACKUP_KINDS: ReadonlySet<string> = new Set([
  "backup",
  "verify",
  "delete-backup",
  "prune",
  "import-cinder",
]);

/** Events do not contain the log, so the page is fetched again when the phase or the state has changed. */
function applyToTaskPage(client: QueryClient, task: TaskSummary, ended: boolean): void {
  const queryKey = trpc.tasks.get.queryKey({ id: task.id });
  const query = client.getQueryCache().find({ queryKey });
  if (query === undefined) return;
  const refetch = () => client.invalidateQueries({ queryKey, exact: true });

  const known = client.getQueryData(queryKey);
  if (known === undefined) {
    // The first response has not arrived yet and may be older than this event.
    void query.promise?.then(refetch, refetch);
    return;
  }
  client.setQueryData(queryKey, { ...task, log: known.log });
  if (ended || known.state !== task.state || known.phase !== task.phase) void refetch();
}

type TaskList = TaskListPage | InfiniteData<TaskListPage>;

/** The list with the new state of `task`; undefined when the list does not contain the task. */
function replaceTask(list: TaskList, task: TaskSummary): TaskList | undefined {
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
  const index = page.rows.findIndex((row) => row.id === task.id);
  return index < 0 ? undefined : { ...page, rows: page.rows.with(index, task) };
}
