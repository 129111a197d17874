"use client";

import Link from "next/link";
import { Panel } from "#components/ui/panel.tsx";
import { Skeleton } from "#components/ui/skeleton.tsx";
import { TrayItem } from "#features/tasks/tray-item.tsx";
import { useRecentTasks } from "#features/tasks/use-recent-tasks.ts";
import { toProblem } from "#lib/problem.ts";

const SHOWN = 5;

/** What was done last. */
export function RecentTasks() {
  const { data, error } = useRecentTasks();
  return (
    <Panel
      title="Recent tasks"
      aside={
        <Link href="/tasks/" className="rounded-sm text-ink-2 text-xs hover:text-ink hover:underline">
          All tasks
        </Link>
      }
    >
      {data === undefined ? (
        <div className="p-4">
          {error === null ? (
            <Skeleton className="w-3/4" />
          ) : (
            <p className="text-danger">{toProblem(error).message}</p>
          )}
        </div>
      ) : data.rows.length === 0 ? (
        <p className="p-4 text-ink-3">Nothing has run yet.</p>
      ) : (
        <ul className="divide-y divide-line">
          {data.rows.slice(0, SHOWN).map((task) => (
            <TrayItem key={task.id} task={task} />
          ))}
        </ul>
      )}
    </Panel>
  );
}
