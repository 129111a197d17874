"use client";

import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { Button, ButtonLink } from "#components/ui/button.tsx";
import { Callout } from "#components/ui/panel.tsx";
import { Skeleton } from "#components/ui/progress.tsx";
import { CancelButton, TaskProgress, TaskStateBadge } from "#features/tasks/task-status.tsx";
import { useOnScreen } from "#features/tasks/task-watch.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { imageLink, lineageLink, taskLink } from "#lib/links.ts";
import { isActive } from "#lib/task.ts";
import { CloneResult } from "../tasks/clone-result.tsx";

interface CloneRunProps {
  taskId: string;
  onBack: () => void;
  onClose: () => void;
}

/** The task that clones, and what came of it. */
export function CloneRun({ taskId, onBack, onClose }: CloneRunProps) {
  const query = useQuery(trpc.tasks.get.queryOptions({ id: taskId }));
  useOnScreen(taskId);
  const heading = useRef<HTMLHeadingElement>(null);
  // The button that was pressed is gone; the heading is where reading goes on.
  useEffect(() => heading.current?.focus(), []);
  const task = query.data;
  const done = task?.state === "succeeded" && task.result?.kind === "clone" ? task.result : undefined;

  return (
    <>
      <div className="flex min-h-52 flex-col gap-4 px-5 py-4">
        <div className="flex items-start justify-between gap-3">
          <h3 ref={heading} tabIndex={-1} className="wrap-anywhere font-medium text-base outline-hidden">
            {task?.title ?? "Starting the clone"}
          </h3>
          {task !== undefined && <TaskStateBadge state={task.state} />}
        </div>
        {query.isError && task === undefined && (
          <Callout kind="danger" title={toProblem(query.error).message} announce>
            {toProblem(query.error).hint}
          </Callout>
        )}
        {query.isPending && <Skeleton className="h-1.5 w-full" />}
        {task !== undefined && isActive(task.state) && <TaskProgress task={task} />}
        {task?.error !== undefined && (
          <Callout kind="danger" title={task.error.message} announce>
            {task.error.hint}
            <span className="mt-1 block font-mono text-2xs text-ink-3">
              {[task.error.code, task.error.object].filter(Boolean).join(" · ")}
            </span>
          </Callout>
        )}
        {done !== undefined && <CloneResult result={done} />}
        <p role="status" className="sr-only">
          {task === undefined ? "" : isActive(task.state) ? task.phase : `The clone ${task.state}`}
        </p>
      </div>
      <footer className="flex flex-wrap items-center justify-end gap-2 border-line border-t px-5 py-3">
        {task !== undefined && (
          <ButtonLink href={taskLink(taskId)} variant="ghost" className="mr-auto" onClick={onClose}>
            Show the task
          </ButtonLink>
        )}
        {task !== undefined && <CancelButton task={task} />}
        {done === undefined && task !== undefined && !isActive(task.state) && (
          <Button onClick={onBack}>Back</Button>
        )}
        {done !== undefined && (
          <ButtonLink href={lineageLink(done.target)} onClick={onClose}>
            Show in lineage
          </ButtonLink>
        )}
        {done !== undefined ? (
          <ButtonLink href={imageLink(done.target)} variant="primary" onClick={onClose}>
            Open the clone
          </ButtonLink>
        ) : (
          <Button onClick={onClose}>Close</Button>
        )}
      </footer>
    </>
  );
}
