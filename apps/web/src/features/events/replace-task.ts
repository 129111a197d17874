import type { TaskListPage, TaskSummary } from "@coppice/server/router";
import type { InfiniteData } from "@tanstack/react-query";

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
