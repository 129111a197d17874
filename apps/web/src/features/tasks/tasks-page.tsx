"use client";

import { useInfiniteQuery } from "@tanstack/react-query";
import { ListTodo, SearchX } from "lucide-react";
import { useQueryState } from "nuqs";
import { PageHeader } from "#components/page-header.tsx";
import { EmptyState } from "#components/state/empty-state.tsx";
import { ErrorState } from "#components/state/error-state.tsx";
import { StaleNotice } from "#components/state/stale-notice.tsx";
import { Button } from "#components/ui/button.tsx";
import { ButtonLink } from "#components/ui/button-link.tsx";
import { Segmented } from "#components/ui/segmented.tsx";
import { toProblem } from "#lib/problem.ts";
import { trpc } from "#lib/trpc/trpc.ts";
import { STATE_FILTERS, stateFilter, stateFilterParser } from "./task-filter.ts";
import { TaskTable, TaskTableSkeleton } from "./task-table.tsx";

/** All tasks, newest first. */
export function TasksPage() {
  const [filter, setFilter] = useQueryState("state", stateFilterParser);
  const tasks = useInfiniteQuery(
    trpc.tasks.list.infiniteQueryOptions(
      { limit: 50, ...stateFilter(filter) },
      { getNextPageParam: (page) => page.nextCursor },
    ),
  );
  const rows = tasks.data?.pages.flatMap((page) => page.rows);
  const problem = tasks.isError ? toProblem(tasks.error) : null;

  return (
    <div className="mx-auto flex max-w-6xl flex-col gap-4 p-4 md:p-6">
      <PageHeader title="Tasks">
        <Segmented
          label="Show tasks that are"
          value={filter}
          onValueChange={(next) => void setFilter(next)}
          options={STATE_FILTERS}
        />
      </PageHeader>
      {problem !== null && rows !== undefined && (
        <StaleNotice
          problem={problem}
          since={new Date(tasks.dataUpdatedAt).toISOString()}
          onRetry={() => void tasks.refetch()}
        />
      )}
      <div className="overflow-hidden rounded-lg border border-line bg-surface shadow-card">
        {rows === undefined ? (
          problem === null ? (
            <TaskTableSkeleton />
          ) : (
            <ErrorState title="Tasks cannot be read" problem={problem} onRetry={() => void tasks.refetch()} />
          )
        ) : rows.length > 0 ? (
          <TaskTable rows={rows} />
        ) : filter === "all" ? (
          <EmptyState
            icon={ListTodo}
            title="Nothing has run yet"
            actions={<ButtonLink href="/images/">Go to the images</ButtonLink>}
          >
            Work that takes time becomes a task. Clone an image, and its task is listed here, with its log.
          </EmptyState>
        ) : (
          <EmptyState
            icon={SearchX}
            title="No such tasks"
            actions={<Button onClick={() => void setFilter("all")}>Show all tasks</Button>}
          >
            There are tasks, but none in this state.
          </EmptyState>
        )}
      </div>
      {tasks.hasNextPage && (
        <Button
          className="self-center"
          disabled={tasks.isFetchingNextPage}
          onClick={() => void tasks.fetchNextPage()}
        >
          Show older tasks
        </Button>
      )}
    </div>
  );
}
