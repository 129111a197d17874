"use client";

import type { Task, TaskLogLine, TaskObject } from "@coppice/server/router";
import { skipToken, useQuery } from "@tanstack/react-query";
import { ListTodo } from "lucide-react";
import Link from "next/link";
import { parseAsString, useQueryState } from "nuqs";
import { Breadcrumbs, useTitle } from "#components/page.tsx";
import { EmptyState, ErrorState, ProblemCallout } from "#components/state.tsx";
import { ButtonLink, CopyButton } from "#components/ui/button.tsx";
import { Panel } from "#components/ui/panel.tsx";
import { Skeleton } from "#components/ui/progress.tsx";
import { FactList, SpecText, Time } from "#components/values.tsx";
import { BackupTaskOutcome } from "#features/backups/dialogs/task-results.tsx";
import { useLinks } from "#features/cluster/current-cluster.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { absoluteTime, clockTime } from "#lib/format.ts";
import { objectLink } from "#lib/links.ts";
import { isActive } from "#lib/task.ts";
import {
  CancelButton,
  CloneResult,
  ReconcileResult,
  RetryButton,
  TaskProgress,
  TaskStateBadge,
} from "./task-status.tsx";
import { runTime } from "./task-table.tsx";
import { useOnScreen } from "./task-watch.tsx";

/** The page of one task. */
export function TaskPage() {
  const links = useLinks();
  const [id] = useQueryState("id", parseAsString.withDefault(""));
  const task = useQuery(trpc.tasks.get.queryOptions(id === "" ? skipToken : { id }));
  useTitle(task.data?.title ?? null);

  if (id === "") {
    return (
      <EmptyState
        icon={ListTodo}
        heading="h1"
        title="No task selected"
        actions={<ButtonLink href={links.tasks()}>All tasks</ButtonLink>}
      >
        Choose a task from the list.
      </EmptyState>
    );
  }
  return (
    <div className="mx-auto flex max-w-4xl flex-col gap-4 p-4 md:p-6">
      <Breadcrumbs items={[{ href: links.tasks(), label: "Tasks" }]} current={task.data?.title ?? "Task"} />
      {task.data !== undefined ? (
        <TaskDetail task={task.data} />
      ) : task.isError ? (
        <ErrorState
          heading="h1"
          title="The task could not be loaded"
          problem={toProblem(task.error)}
          onRetry={() => void task.refetch()}
        />
      ) : (
        <div aria-busy="true" className="flex flex-col gap-4">
          <Skeleton className="h-6 w-1/2" />
          <Skeleton className="h-28 w-full rounded-lg" />
          <Skeleton className="h-48 w-full rounded-lg" />
        </div>
      )}
    </div>
  );
}

/** The state, result, times and log of a task. */
function TaskDetail({ task }: { task: Task }) {
  useOnScreen(task.id);
  const active = isActive(task.state);
  return (
    <>
      <header className="flex flex-wrap items-center gap-3">
        <h1 className="wrap-anywhere min-w-0 font-semibold text-lg tracking-tight">{task.title}</h1>
        <TaskStateBadge state={task.state} />
        <div className="ml-auto flex gap-2">
          <CancelButton task={task} />
          <RetryButton task={task} />
          <ResultLink task={task} />
        </div>
      </header>
      {task.error !== undefined && <ProblemCallout problem={task.error} />}
      {task.result?.kind === "clone" && <CloneResult result={task.result} />}
      {task.result?.kind === "reconcile" && <ReconcileResult result={task.result} />}
      {task.result !== undefined && task.result !== null && <BackupTaskOutcome result={task.result} />}
      <div className="grid gap-4 md:grid-cols-2">
        <Panel title="Progress">
          <div className="p-4">
            <TaskProgress task={task} />
          </div>
        </Panel>
        <Panel title="Details">
          <FactList
            className="p-4"
            facts={[
              ["Object", <ObjectLink key="object" object={task.object} />],
              ...(task.related.length === 0
                ? []
                : [
                    [
                      "Related",
                      <span key="related" className="flex flex-col">
                        {task.related.map((object) => (
                          <ObjectLink key={object.spec} object={object} />
                        ))}
                      </span>,
                    ] as const,
                  ]),
              ["User", task.user],
              ["Queued", <Time key="created" at={task.createdAt} show="both" />],
              [
                "Started",
                task.startedAt === null ? "Not yet" : <Time key="started" at={task.startedAt} show="both" />,
              ],
              [
                "Ended",
                task.endedAt === null ? (
                  active ? (
                    "Not yet"
                  ) : (
                    "–"
                  )
                ) : (
                  <Time key="ended" at={task.endedAt} show="both" />
                ),
              ],
              ["Duration", runTime(task)],
            ]}
          />
        </Panel>
      </div>
      <TaskLog lines={task.log} />
    </>
  );
}

/** A link to what the task made or changed, if that is still there. */
function ResultLink({ task }: { task: Task }) {
  const links = useLinks();
  if (task.state !== "succeeded" || task.kind === "reconcile" || task.kind === "purge-trash") return null;
  if (task.kind === "delete" || task.kind === "move-to-trash") {
    const inTrash = task.result !== undefined && "key" in task.result && task.result.key !== null;
    return inTrash ? <ButtonLink href={links.trash()}>Open the trash</ButtonLink> : null;
  }
  return (
    <ButtonLink href={objectLink(task.object)} variant="primary">
      {task.kind === "clone" ? "Open the clone" : "Open the image"}
    </ButtonLink>
  );
}

/** An object that a task takes part in, as a link to its page. */
function ObjectLink({ object }: { object: TaskObject }) {
  return (
    <Link href={objectLink(object)} prefetch={false} className="rounded-sm hover:underline">
      <SpecText spec={object.spec} className="text-xs" />
    </Link>
  );
}

/** The log of a task, the oldest line first. */
function TaskLog({ lines }: { lines: readonly TaskLogLine[] }) {
  const text = lines.map((line) => `${line.at} ${line.text}`).join("\n");
  return (
    <Panel title="Log" aside={lines.length > 0 && <CopyButton text={text} label="Copy the log" />}>
      {lines.length === 0 ? (
        <p className="p-4 text-ink-3">The log is empty.</p>
      ) : (
        <ol className="max-h-112 overflow-y-auto py-2 font-mono text-xs">
          {lines.map((line, index) => (
            <li key={index} className="flex gap-3 px-4 py-0.5 hover:bg-hover">
              <time
                dateTime={line.at}
                title={absoluteTime(new Date(line.at))}
                className="shrink-0 text-ink-3 tabular-nums"
              >
                {clockTime(new Date(line.at))}
              </time>
              <span className="wrap-anywhere min-w-0">{line.text}</span>
            </li>
          ))}
        </ol>
      )}
    </Panel>
  );
}
