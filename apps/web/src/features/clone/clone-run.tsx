"use client";

import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { ProblemCallout } from "#components/state.tsx";
import { Button, ButtonLink } from "#components/ui/button.tsx";
import { Skeleton } from "#components/ui/progress.tsx";
import { useLinks } from "#features/cluster/current-cluster.tsx";
import { CancelButton, CloneResult, TaskProgress, TaskStateBadge } from "#features/tasks/task-status.tsx";
import { useOnScreen } from "#features/tasks/task-watch.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { isActive } from "#lib/task.ts";

interface CloneRunProps {
  taskId: string;
  onBack: () => void;
  onClose: () => void;
}

/** The task that makes the clone, and its result. */
export function CloneRun({ taskId, onBack, onClose }: CloneRunProps) {
  const links = useLinks();
  const query = useQuery(trpc.tasks.get.queryOptions({ id: taskId }));
  useOnScreen(taskId);
  const heading = useRef<HTMLHeadingElement>(null);
  // The button that had the focus is gone; screen readers continue at the heading.
  useEffect(() => heading.current?.focus(), []);
  const task = query.data;
  const result = task?.state === "succeeded" && task.result?.kind === "clone" ? task.result : undefined;

  return (
    <>
      <div className="flex min-h-52 flex-col gap-4 px-5 py-4">
        <div className="flex items-start justify-between gap-3">
          <h3 ref={heading} tabIndex={-1} className="wrap-anywhere font-medium text-base outline-hidden">
            {task?.title ?? "Starting the clone"}
          </h3>
          {task !== undefined && <TaskStateBadge state={task.state} />}
        </div>
        {query.isError && task === undefined && <ProblemCallout problem={toProblem(query.error)} announce />}
        {query.isPending && <Skeleton className="h-1.5 w-full" />}
        {task !== undefined && isActive(task.state) && <TaskProgress task={task} />}
        {task?.error !== undefined && <ProblemCallout problem={task.error} announce />}
        {result !== undefined && <CloneResult result={result} />}
        <p role="status" className="sr-only">
          {task === undefined ? "" : isActive(task.state) ? task.phase : `The clone task ${task.state}`}
        </p>
      </div>
      <footer className="flex flex-wrap items-center justify-end gap-2 border-line border-t px-5 py-3">
        {task !== undefined && (
          <ButtonLink href={links.task(taskId)} variant="ghost" className="mr-auto" onClick={onClose}>
            Show task
          </ButtonLink>
        )}
        {task !== undefined && <CancelButton task={task} />}
        {result === undefined && task !== undefined && !isActive(task.state) && (
          <Button onClick={onBack}>Back</Button>
        )}
        {result !== undefined ? (
          <>
            <ButtonLink href={links.lineage(result.target)} onClick={onClose}>
              Show in lineage
            </ButtonLink>
            <ButtonLink href={links.image(result.target)} variant="primary" onClick={onClose}>
              Open the clone
            </ButtonLink>
          </>
        ) : (
          <Button onClick={onClose}>Close</Button>
        )}
      </footer>
    </>
  );
}
