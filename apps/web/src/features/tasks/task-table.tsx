import type { TaskSummary } from "@coppice/server/router";
import Link from "next/link";
import { Skeleton } from "#components/ui/progress.tsx";
import { Time } from "#components/values.tsx";
import { useLinks } from "#features/cluster/current-cluster.tsx";
import { formatDuration } from "#lib/format.ts";
import { isActive } from "#lib/task.ts";
import { CancelButton, TaskProgress, TaskStateBadge } from "./task-status.tsx";

const head = "h-9 px-4 text-left font-medium text-ink-3 text-xs";
const cell = "px-4 py-2.5 align-top";

/** Tasks as a table. Narrow screens show fewer columns. */
export function TaskTable({ rows }: { rows: readonly TaskSummary[] }) {
  return (
    <table className="w-full table-fixed">
      <thead className="border-line border-b bg-sunken">
        <tr>
          <th scope="col" className={head}>
            Task
          </th>
          <th scope="col" className={`${head} w-30 sm:w-36`}>
            State
          </th>
          <th scope="col" className={`${head} hidden w-32 lg:table-cell`}>
            User
          </th>
          <th scope="col" className={`${head} hidden w-40 sm:table-cell`}>
            Started
          </th>
          <th scope="col" className={`${head} hidden w-28 text-right md:table-cell`}>
            Duration
          </th>
        </tr>
      </thead>
      <tbody className="divide-y divide-line">
        {rows.map((task) => (
          <TaskRow key={task.id} task={task} />
        ))}
      </tbody>
    </table>
  );
}

function TaskRow({ task }: { task: TaskSummary }) {
  const links = useLinks();
  return (
    <tr className="transition-colors hover:bg-hover">
      <td className={cell}>
        <Link href={links.task(task.id)} className="wrap-anywhere rounded-sm font-medium hover:underline">
          {task.title}
        </Link>
        {isActive(task.state) && (
          <div className="mt-2 flex max-w-md items-end gap-3">
            <div className="min-w-0 flex-1">
              <TaskProgress task={task} />
            </div>
            <CancelButton task={task} size="sm" />
          </div>
        )}
        {task.error !== undefined && (
          <p className="wrap-anywhere mt-0.5 text-danger text-xs">{task.error.message}</p>
        )}
      </td>
      <td className={cell}>
        <TaskStateBadge state={task.state} />
      </td>
      <td className={`${cell} hidden truncate text-ink-2 lg:table-cell`}>{task.user}</td>
      <td className={`${cell} hidden text-ink-2 sm:table-cell`}>
        <Time at={task.startedAt ?? task.createdAt} />
      </td>
      <td className={`${cell} hidden text-right text-ink-2 tabular-nums md:table-cell`}>{runTime(task)}</td>
    </tr>
  );
}

/** The run time of a task that has ended. */
export function runTime({ startedAt, endedAt }: TaskSummary): string {
  if (startedAt === null || endedAt === null) return "–";
  return formatDuration((Date.parse(endedAt) - Date.parse(startedAt)) / 1000);
}

const PLACEHOLDERS = ["w-2/3", "w-1/2", "w-3/5", "w-2/5", "w-1/2", "w-3/5"];

export function TaskTableSkeleton() {
  return (
    <div aria-busy="true" className="divide-y divide-line">
      <div className="h-9 bg-sunken" />
      {PLACEHOLDERS.map((width, index) => (
        <div key={index} className="flex h-10 items-center gap-6 px-4">
          <div className="flex-1">
            <Skeleton className={width} />
          </div>
          <Skeleton className="w-20" />
          <Skeleton className="hidden w-28 sm:block" />
        </div>
      ))}
    </div>
  );
}
