"use client";

import { skipToken, useQuery } from "@tanstack/react-query";
import { ListTodo } from "lucide-react";
import { parseAsString, useQueryState } from "nuqs";
import { Breadcrumbs } from "#components/breadcrumbs.tsx";
import { EmptyState } from "#components/state/empty-state.tsx";
import { ErrorState } from "#components/state/error-state.tsx";
import { ButtonLink } from "#components/ui/button-link.tsx";
import { Skeleton } from "#components/ui/skeleton.tsx";
import { toProblem } from "#lib/problem.ts";
import { trpc } from "#lib/trpc/trpc.ts";
import { useTitle } from "#lib/use-title.ts";
import { TaskDetail } from "./task-detail.tsx";

/** One task: how far it is, what it did, what it says. */
export function TaskPage() {
  const [id] = useQueryState("id", parseAsString.withDefault(""));
  const task = useQuery(trpc.tasks.get.queryOptions(id === "" ? skipToken : { id }));
  useTitle(task.data?.title ?? null);

  if (id === "") {
    return (
      <EmptyState
        icon={ListTodo}
        heading="h1"
        title="No task is named"
        actions={<ButtonLink href="/tasks/">All tasks</ButtonLink>}
      >
        The address of a task ends with its id.
      </EmptyState>
    );
  }
  return (
    <div className="mx-auto flex max-w-4xl flex-col gap-4 p-4 md:p-6">
      <Breadcrumbs items={[{ href: "/tasks/", label: "Tasks" }]} current={task.data?.title ?? "Task"} />
      {task.data !== undefined ? (
        <TaskDetail task={task.data} />
      ) : task.isError ? (
        <ErrorState
          heading="h1"
          title="This task cannot be shown"
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
