"use client";

import type { Task } from "@coppice/server/router";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect, useRef } from "react";
import { ProblemCallout } from "#components/state.tsx";
import { Button, ButtonLink } from "#components/ui/button.tsx";
import { Skeleton } from "#components/ui/progress.tsx";
import { useLinks } from "#features/cluster/current-cluster.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { isActive } from "#lib/task.ts";
import { CancelButton, TaskProgress, TaskStateBadge } from "./task-status.tsx";
import { useOnScreen } from "./task-watch.tsx";

interface TaskRunProps {
  taskId: string;
  /** What is said before the task is known: "Starting the backup". */
  starting: string;
  /** Leads back to the form after a failure. */
  onBack: () => void;
  onClose: () => void;
  /** What the task that succeeded has made. */
  result: (task: Task) => ReactNode;
  /** The buttons after a success, the primary one last; a button that closes the dialog without them. */
  next?: ((task: Task) => ReactNode) | undefined;
}

/** The last step of a dialog: the task that it has started, and its result. */
export function TaskRun({ taskId, starting, onBack, onClose, result, next }: TaskRunProps) {
  const links = useLinks();
  const query = useQuery(trpc.tasks.get.queryOptions({ id: taskId }));
  useOnScreen(taskId);
  const heading = useRef<HTMLHeadingElement>(null);
  // The button that had the focus is gone; screen readers continue at the heading.
  useEffect(() => heading.current?.focus(), []);
  const task = query.data;
  const hasSucceeded = task?.state === "succeeded";

  return (
    <>
      <div className="flex min-h-44 flex-col gap-4 px-5 py-4">
        <div className="flex items-start justify-between gap-3">
          <h3 ref={heading} tabIndex={-1} className="wrap-anywhere font-medium text-base outline-hidden">
            {task?.title ?? starting}
          </h3>
          {task !== undefined && <TaskStateBadge state={task.state} />}
        </div>
        {query.isError && task === undefined && <ProblemCallout problem={toProblem(query.error)} announce />}
        {query.isPending && <Skeleton className="h-1.5 w-full" />}
        {task !== undefined && isActive(task.state) && <TaskProgress task={task} />}
        {task?.error !== undefined && <ProblemCallout problem={task.error} announce />}
        {hasSucceeded && result(task)}
        <p role="status" className="sr-only">
          {task === undefined ? "" : isActive(task.state) ? task.phase : `The task ${task.state}`}
        </p>
      </div>
      <footer className="flex flex-wrap items-center justify-end gap-2 border-line border-t px-5 py-3">
        {task !== undefined && (
          <ButtonLink href={links.task(taskId)} variant="ghost" className="mr-auto" onClick={onClose}>
            Show task
          </ButtonLink>
        )}
        {task !== undefined && <CancelButton task={task} />}
        {task !== undefined && !isActive(task.state) && !hasSucceeded && (
          <Button onClick={onBack}>Back</Button>
        )}
        {hasSucceeded && next !== undefined ? next(task) : <Button onClick={onClose}>Close</Button>}
      </footer>
    </>
  );
}
