"use client";

import type { TaskSummary } from "@coppice/server/router";
import { ListTodo } from "lucide-react";
import Link from "next/link";
import { useState } from "react";
import { Button, ButtonLink } from "#components/ui/button.tsx";
import { Popover, PopoverContent, PopoverTrigger } from "#components/ui/popover.tsx";
import { Spinner } from "#components/ui/progress.tsx";
import { Time } from "#components/values.tsx";
import { useLinks } from "#features/cluster/current-cluster.tsx";
import { plural } from "#lib/format.ts";
import { isActive } from "#lib/task.ts";
import { CancelButton, TaskProgress, TaskStateBadge } from "./task-status.tsx";
import { useRecentTasks } from "./task-watch.tsx";

const MAX_TASKS = 8;

/** The running and the most recent tasks, within reach on every page. */
export function TaskTray() {
  const links = useLinks();
  const [open, setOpen] = useState(false);
  const tasks = useRecentTasks().data?.rows ?? [];
  const active = tasks.filter((task) => isActive(task.state));
  const shown = [...active, ...tasks.filter((task) => !isActive(task.state))].slice(0, MAX_TASKS);
  const label = active.length === 0 ? "Tasks" : `Tasks: ${plural(active.length, "task")} running`;

  return (
    <Popover open={open} onOpenChange={setOpen}>
      <PopoverTrigger
        render={
          <Button variant="ghost" size={active.length === 0 ? "icon" : "md"} aria-label={label}>
            {active.length === 0 ? <ListTodo aria-hidden /> : <Spinner className="text-brand" />}
            {active.length > 0 && <span className="tabular-nums">{active.length}</span>}
          </Button>
        }
      />
      <PopoverContent title="Tasks" className="w-96">
        {shown.length === 0 ? (
          <p className="px-4 py-6 text-center text-ink-2">No tasks yet. Clones appear here.</p>
        ) : (
          <ul className="divide-y divide-line">
            {shown.map((task) => (
              <TrayItem key={task.id} task={task} onOpen={() => setOpen(false)} />
            ))}
          </ul>
        )}
        <div className="border-line border-t p-1.5">
          <ButtonLink
            href={links.tasks()}
            variant="ghost"
            size="sm"
            className="w-full"
            onClick={() => setOpen(false)}
          >
            All tasks
          </ButtonLink>
        </div>
      </PopoverContent>
    </Popover>
  );
}

/** A task in a short list. */
export function TrayItem({ task, onOpen }: { task: TaskSummary; onOpen?: () => void }) {
  const links = useLinks();
  return (
    <li className="px-4 py-3">
      <div className="flex items-start justify-between gap-3">
        <Link
          href={links.task(task.id)}
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
