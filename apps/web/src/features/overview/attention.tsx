"use client";

import type { ImageListRow, TaskSummary } from "@coppice/server/router";
import { useQuery } from "@tanstack/react-query";
import { CircleCheck, Wrench } from "lucide-react";
import Link from "next/link";
import { bySeverity, type ImageStatus, statusesOf } from "#components/image-status.tsx";
import { EmptyState, ErrorState } from "#components/state.tsx";
import { Button } from "#components/ui/button.tsx";
import { Badge, Panel } from "#components/ui/panel.tsx";
import { Skeleton } from "#components/ui/progress.tsx";
import { SpecText } from "#components/values.tsx";
import { useOpenDialog } from "#features/actions/dialog-host.tsx";
import { ReconcileDialog } from "#features/actions/image-actions.ts";
import { useCluster, useLinks } from "#features/cluster/current-cluster.tsx";
import { ScanProblems } from "#features/cluster/inventory.tsx";
import { useMayOperate } from "#features/session/session.tsx";
import { useRecentTasks } from "#features/tasks/task-watch.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { formatCount } from "#lib/format.ts";
import { imageRef, type Links } from "#lib/links.ts";
import { TASK_STATE } from "#lib/task.ts";

const MAX_PROBLEMS = 100;

/** The images with problems, and the number of all images. */
export function useProblems() {
  return useQuery(
    trpc.images.list.queryOptions({ cluster: useCluster(), kind: "problems", limit: MAX_PROBLEMS }),
  );
}

export type Problems = ReturnType<typeof useProblems>;

const MAX_ITEMS = 12;

/** Problems that need attention, the most severe first. */
export function Attention({ problems }: { problems: Problems }) {
  const links = useLinks();
  const tasks = useRecentTasks().data?.rows;
  const page = problems.data;

  if (page === undefined) {
    return (
      <Panel title="Needs attention">
        {problems.isError ? (
          <ErrorState
            title="The images could not be loaded"
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

  const items = attentionItems(page.rows, tasks ?? [], links);
  const more = page.filtered - page.rows.length + Math.max(0, items.length - MAX_ITEMS);
  return (
    <Panel title="Needs attention" aside={<ReconcileAll rows={page.rows} />}>
      {page.scanProblems.length > 0 && (
        <div className="flex flex-col gap-2 p-4 pb-0">
          <ScanProblems problems={page.scanProblems} scannedAt={page.scannedAt} />
        </div>
      )}
      {items.length === 0 ? (
        page.scanProblems.length === 0 && (
          <EmptyState icon={CircleCheck} title="Nothing needs attention">
            All images are readable and complete, no clone chain is too deep, and no recent task has failed.
          </EmptyState>
        )
      ) : (
        <AttentionList items={items.slice(0, MAX_ITEMS)} />
      )}
      {more > 0 && (
        <p className="border-line border-t px-4 py-2.5">
          <Link
            href={links.images({ kind: "problems" })}
            className="rounded-sm font-medium text-brand hover:underline"
          >
            Show {formatCount(more)} more
          </Link>
        </p>
      )}
    </Panel>
  );
}

/** Finishes or undoes everything that was interrupted. Nothing when there is nothing, or the role does not allow it. */
function ReconcileAll({ rows }: { rows: readonly ImageListRow[] }) {
  const openDialog = useOpenDialog();
  const mayOperate = useMayOperate();
  if (!mayOperate || !rows.some(({ operation }) => operation?.state === "interrupted")) return null;
  return (
    <Button size="sm" onClick={() => openDialog(ReconcileDialog, { work: { image: null, operation: null } })}>
      <Wrench aria-hidden />
      Finish or undo all…
    </Button>
  );
}

/** The items as links to their subjects. */
function AttentionList({ items }: { items: readonly AttentionItem[] }) {
  return (
    <ul className="divide-y divide-line">
      {items.map(({ key, href, subject, isSpec, label, icon: Icon, tone, text }) => (
        <li key={key}>
          <Link
            href={href}
            prefetch={false}
            className="block px-4 py-2.5 hover:bg-hover focus-visible:-outline-offset-2"
          >
            <span className="flex flex-wrap items-center gap-x-2 gap-y-1">
              <span className="wrap-anywhere min-w-0 flex-1 font-medium">
                {isSpec ? <SpecText spec={subject} className="text-xs" /> : subject}
              </span>
              <Badge tone={tone}>
                <Icon aria-hidden />
                {label}
              </Badge>
            </span>
            <span className="wrap-anywhere mt-0.5 line-clamp-2 block text-ink-2 text-xs">{text}</span>
          </Link>
        </li>
      ))}
    </ul>
  );
}

/** A problem of an image or of a task. */
interface AttentionItem {
  key: string;
  href: string;
  /** The spec of the image, or the title of the task. */
  subject: string;
  isSpec: boolean;
  label: string;
  icon: ImageStatus["icon"];
  tone: ImageStatus["tone"];
  /** What the problem is and what to do about it. */
  text: string;
}

function fromImage(row: ImageListRow, links: Links): AttentionItem[] {
  const [worst] = statusesOf(row);
  if (worst === undefined) return [];
  const text =
    row.error === undefined ? worst.meaning : [row.error.message, row.error.hint].filter(Boolean).join(" ");
  const { label, icon, tone } = worst;
  return [
    {
      key: row.key,
      href: links.image(imageRef(row)),
      subject: row.spec,
      isSpec: true,
      label,
      icon,
      tone,
      text,
    },
  ];
}

function fromTask(task: TaskSummary, links: Links): AttentionItem[] {
  if (task.state !== "failed" && task.state !== "interrupted") return [];
  const { label, icon, tone } = TASK_STATE[task.state];
  const text = [task.error?.message, task.error?.hint].filter(Boolean).join(" ") || label;
  return [
    { key: task.id, href: links.task(task.id), subject: task.title, isSpec: false, label, icon, tone, text },
  ];
}

/** The problems of images, and the failed and interrupted tasks, the most severe first. */
export function attentionItems(
  rows: readonly ImageListRow[],
  tasks: readonly TaskSummary[],
  links: Links,
): AttentionItem[] {
  return [
    ...rows.flatMap((row) => fromImage(row, links)),
    ...tasks.flatMap((task) => fromTask(task, links)),
  ].toSorted(bySeverity);
}
