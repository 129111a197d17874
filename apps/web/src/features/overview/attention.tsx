"use client";

import { CircleCheck } from "lucide-react";
import Link from "next/link";
import { EmptyState } from "#components/state/empty-state.tsx";
import { ErrorState } from "#components/state/error-state.tsx";
import { Panel } from "#components/ui/panel.tsx";
import { Skeleton } from "#components/ui/skeleton.tsx";
import { ScanProblems } from "#features/images/scan-problems.tsx";
import { useRecentTasks } from "#features/tasks/use-recent-tasks.ts";
import { formatCount } from "#lib/format/count.ts";
import { toProblem } from "#lib/problem.ts";
import { attentionItems } from "./attention-items.ts";
import { AttentionList } from "./attention-list.tsx";
import type { Problems } from "./use-problems.ts";

const SHOWN = 12;

/** What somebody should look at, the worst first. */
export function Attention({ problems }: { problems: Problems }) {
  const tasks = useRecentTasks().data?.rows;
  const page = problems.data;

  if (page === undefined) {
    return (
      <Panel title="Needs attention">
        {problems.isError ? (
          <ErrorState
            title="The images cannot be read"
            problem={toProblem(problems.error)}
            onRetry={() => void problems.refetch()}
          />
        ) : (
          <div aria-busy="true" className="flex flex-col gap-3 p-4">
            <Skeleton className="w-3/4" />
            <Skeleton className="w-1/2" />
            <Skeleton className="w-2/3" />
          </div>
        )}
      </Panel>
    );
  }

  const items = attentionItems(page.rows, tasks ?? []);
  const more = page.filtered - page.rows.length + Math.max(0, items.length - SHOWN);
  return (
    <Panel title="Needs attention">
      {page.scanProblems.length > 0 && (
        <div className="flex flex-col gap-2 p-4 pb-0">
          <ScanProblems problems={page.scanProblems} scannedAt={page.scannedAt} />
        </div>
      )}
      {items.length === 0 ? (
        page.scanProblems.length === 0 && (
          <EmptyState icon={CircleCheck} title="Nothing needs attention">
            All images can be read, no chain is too deep, and no task failed lately.
          </EmptyState>
        )
      ) : (
        <AttentionList items={items.slice(0, SHOWN)} />
      )}
      {more > 0 && (
        <p className="border-line border-t px-4 py-2.5">
          <Link href="/images/?kind=problems" className="rounded-sm font-medium text-brand hover:underline">
            Show {formatCount(more)} more
          </Link>
        </p>
      )}
    </Panel>
  );
}
