import type { TaskSummary } from "@coppice/server/router";
import Link from "next/link";
import { Time } from "#components/value/time.tsx";
import { taskLink } from "#lib/links.ts";
import { isActive } from "#lib/task/task-state.ts";
import { CancelButton } from "./cancel-button.tsx";
import { TaskProgress } from "./task-progress.tsx";
import { TaskStateBadge } from "./task-state-badge.tsx";

/** One task in the tray. */
export function TrayItem({ task, onOpen }: { task: TaskSummary; onOpen?: () => void }) {
  return (
    <li className="px-4 py-3">
      <div className="flex items-start justify-between gap-3">
        <Link
          href={taskLink(task.id)}
          onClick={() => onOpen?.()}
          className="wrap-anywhere min-w-0 rounded-sm font-medium hover:underline"
        >
          {task.title}
        </Link>
        <TaskStateBadge state={task.state} />
      </div>
      {isActive(task.state) ? (
        <div className="mt-2 flex items-end gap-3">
          <div className="min-w-0 flex-1">
            <TaskProgress task={task} />
          </div>
          <CancelButton task={task} size="sm" />
        </div>
      ) : (
        <p className="wrap-anywhere mt-0.5 text-ink-3 text-xs">
          <Time at={task.endedAt ?? task.createdAt} />
          {task.error !== undefined && ` · ${task.error.message}`}
        </p>
      )}
    </li>
  );
}
