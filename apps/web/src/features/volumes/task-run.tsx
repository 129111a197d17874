"use client";

import { useQuery } from "@tanstack/react-query";
import { CircleCheck } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import { ProblemCallout } from "#components/state.tsx";
import { Button, ButtonLink } from "#components/ui/button.tsx";
import { Skeleton } from "#components/ui/progress.tsx";
import { SpecText } from "#components/values.tsx";
import { useLinks } from "#features/cluster/current-cluster.tsx";
import { CancelButton, TaskProgress, TaskStateBadge } from "#features/tasks/task-status.tsx";
import { useOnScreen } from "#features/tasks/task-watch.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { isActive } from "#lib/task.ts";

interface TaskRunProps {
  taskId: string;
  /** What has been made when the task has succeeded: "The template". */
  made: string;
  /** Shown while the task runs. */
  children?: ReactNode;
  /** Called once, when the task has succeeded. */
  onSucceeded?: (target: string) => void;
  /** Leads back to the form, after a failure. */
  onBack: () => void;
  onClose: () => void;
}

/** The task that a dialog has started, and the image that it made. */
export function TaskRun({ taskId, made, children, onSucceeded, onBack, onClose }: TaskRunProps) {
  const links = useLinks();
  const query = useQuery(trpc.tasks.get.queryOptions({ id: taskId }));
  useOnScreen(taskId);
  const heading = useRef<HTMLHeadingElement>(null);
  // The button that had the focus is gone; screen readers continue at the heading.
  useEffect(() => heading.current?.focus(), []);
  const task = query.data;
  const result = task?.state === "succeeded" ? task.result : undefined;
  // A task that works on backups has a target of backups instead of an image.
  const target =
    result !== undefined && "target" in result && typeof result.target === "string"
      ? result.target
      : undefined;
  const told = useRef(false);
  useEffect(() => {
    if (target === undefined || told.current) return;
    told.current = true;
    onSucceeded?.(target);
  }, [target, onSucceeded]);
  const active = task === undefined || isActive(task.state);

  return (
    <>
      <div className="flex min-h-44 flex-col gap-4 px-5 py-4">
        <div className="flex items-start justify-between gap-3">
          <h3 ref={heading} tabIndex={-1} className="wrap-anywhere font-medium text-base outline-hidden">
            {task?.title ?? "Starting"}
          </h3>
          {task !== undefined && <TaskStateBadge state={task.state} />}
        </div>
        {query.isError && task === undefined && <ProblemCallout problem={toProblem(query.error)} announce />}
        {query.isPending && <Skeleton className="h-1.5 w-full" />}
        {task !== undefined && active && <TaskProgress task={task} />}
        {active && children}
        {task?.error !== undefined && <ProblemCallout problem={task.error} announce />}
        {task?.state === "canceled" && <p className="text-ink-2">What had been made was removed again.</p>}
        {target !== undefined && (
          <p className="wrap-anywhere flex items-start gap-2 rounded-lg border border-brand-line bg-brand-soft p-4 font-medium">
            <CircleCheck aria-hidden className="mt-0.5 size-4 shrink-0 text-brand" />
            <span>
              <SpecText spec={target} /> is ready.
            </span>
          </p>
        )}
        <p role="status" className="sr-only">
          {task === undefined ? "" : active ? task.phase : `The task ${task.state}`}
        </p>
      </div>
      <footer className="flex flex-wrap items-center justify-end gap-2 border-line border-t px-5 py-3">
        {task !== undefined && (
          <ButtonLink href={links.task(taskId)} variant="ghost" className="mr-auto" onClick={onClose}>
            Show task
          </ButtonLink>
        )}
        {task !== undefined && <CancelButton task={task} />}
        {target === undefined && !active && <Button onClick={onBack}>Back</Button>}
        <Button onClick={onClose}>Close</Button>
        {target !== undefined && (
          <ButtonLink href={links.image(target)} variant="primary" onClick={onClose}>
            Open {made}
          </ButtonLink>
        )}
      </footer>
    </>
  );
}
