"use client";

import type { TaskState } from "@coppice/server/router";
import { useInfiniteQuery } from "@tanstack/react-query";
import { ListTodo, SearchX } from "lucide-react";
import { parseAsStringLiteral, useQueryState } from "nuqs";
import { PageHeader } from "#components/page.tsx";
import { EmptyState, ErrorState, StaleNotice } from "#components/state.tsx";
import { Button, ButtonLink } from "#components/ui/button.tsx";
import { Segmented } from "#components/ui/form.tsx";
import { useCluster, useLinks } from "#features/cluster/current-cluster.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { TaskTable, TaskTableSkeleton } from "./task-table.tsx";

/** All tasks, newest first. */
export function TasksPage() {
  const links = useLinks();
  const [filter, setFilter] = useQueryState("state", stateFilterParser);
  const tasks = useInfiniteQuery(
    trpc.tasks.list.infiniteQueryOptions(
      { cluster: useCluster(), limit: 50, ...stateFilter(filter) },
      { getNextPageParam: (page) => page.nextCursor },
    ),
  );
  const rows = tasks.data?.pages.flatMap((page) => page.rows);
  const problem = tasks.isError ? toProblem(tasks.error) : null;

  return (
    <div className="mx-auto flex max-w-6xl flex-col gap-4 p-4 md:p-6">
      <PageHeader title="Tasks">
        <Segmented
          label="Filter by state"
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
            <ErrorState
              title="The tasks could not be loaded"
              problem={problem}
              onRetry={() => void tasks.refetch()}
            />
          )
        ) : rows.length > 0 ? (
          <TaskTable rows={rows} />
        ) : filter === "all" ? (
          <EmptyState
            icon={ListTodo}
            title="No tasks yet"
            actions={<ButtonLink href={links.images()}>Go to the images</ButtonLink>}
          >
            Long operations run as tasks. When you clone an image, its task is listed here with its log.
          </EmptyState>
        ) : (
          <EmptyState
            icon={SearchX}
            title="No matching tasks"
            actions={<Button onClick={() => void setFilter("all")}>Show all tasks</Button>}
          >
            No task is in this state.
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

const VALUES = ["all", "running", "succeeded", "failed"] as const;

type TaskFilter = (typeof VALUES)[number];

const STATE_FILTERS = [
  { value: "all", label: "All" },
  { value: "running", label: "Running" },
  { value: "succeeded", label: "Succeeded" },
  { value: "failed", label: "Failed" },
] as const satisfies readonly { value: TaskFilter; label: string }[];

const stateFilterParser = parseAsStringLiteral(VALUES).withDefault("all");

/** The filter as the server takes it. */
function stateFilter(filter: TaskFilter): { state?: TaskState } {
  return filter === "all" ? {} : { state: filter };
}
