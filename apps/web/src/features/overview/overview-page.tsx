"use client";

import type { ImageListPage } from "@coppice/server/router";
import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { PageHeader } from "#components/page.tsx";
import { ProblemCallout } from "#components/state.tsx";
import { Panel } from "#components/ui/panel.tsx";
import { Skeleton } from "#components/ui/progress.tsx";
import { CapacityMeter } from "#features/cluster/cluster-chip.tsx";
import { useCluster, useLinks } from "#features/cluster/current-cluster.tsx";
import { InventoryAge } from "#features/cluster/inventory.tsx";
import { TrayItem } from "#features/tasks/task-tray.tsx";
import { useRecentTasks } from "#features/tasks/task-watch.tsx";
import { FirstRun } from "#features/volumes/first-run.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { cn } from "#lib/cn.ts";
import { formatCount, plural } from "#lib/format.ts";
import { Attention, type Problems, useProblems } from "./attention.tsx";
import { ProtectionPanel } from "./protection-panel.tsx";

/** Whether the backups are well, then problems of images, the capacity and the recent tasks. */
export function OverviewPage() {
  const problems = useProblems();
  return (
    <div className="mx-auto flex max-w-6xl flex-col gap-4 p-4 md:p-6">
      <PageHeader title="Overview">
        <InventoryAge scannedAt={problems.data?.scannedAt} />
      </PageHeader>
      {problems.data?.total === 0 && (
        <FirstRun className="rounded-lg border border-line bg-surface shadow-card" />
      )}
      <ProtectionPanel />
      <Figures problems={problems} />
      <div className="grid items-start gap-4 lg:grid-cols-[3fr_2fr]">
        <Attention problems={problems} />
        <div className="grid gap-4">
          <CapacityPanel />
          <RecentTasks />
        </div>
      </div>
    </div>
  );
}

/** The numbers of images by type. Each is a link to the list of those images. */
function Figures({ problems }: { problems: Problems }) {
  const links = useLinks();
  const cluster = useCluster();
  const clones = useQuery(trpc.images.list.queryOptions({ cluster, kind: "clones", limit: 1 }));
  const trash = useQuery(trpc.images.list.queryOptions({ cluster, kind: "trash", limit: 1 }));
  return (
    <ul className="grid grid-cols-2 gap-3 md:grid-cols-4">
      <Figure label="Images" value={figure(problems, "total")} href={links.images()} />
      <Figure label="Clones" value={figure(clones, "filtered")} href={links.images({ kind: "clones" })} />
      <Figure label="In trash" value={figure(trash, "filtered")} href={links.images({ kind: "trash" })} />
      <Figure
        label="Problems"
        value={figure(problems, "filtered")}
        href={links.images({ kind: "problems" })}
        warn
      />
    </ul>
  );
}

/** A number from a list: undefined while the list is being loaded, null when it failed to load. */
function figure(
  { data, isError }: { data: ImageListPage | undefined; isError: boolean },
  of: "total" | "filtered",
): number | null | undefined {
  return data?.[of] ?? (isError ? null : undefined);
}

interface FigureProps {
  label: string;
  /** Undefined while it is being loaded, null when it failed to load. */
  value: number | null | undefined;
  href: string;
  /** Whether a number other than zero is a warning. */
  warn?: boolean;
}

function Figure({ label, value, href, warn = false }: FigureProps) {
  return (
    <li>
      <Link
        href={href}
        className="block rounded-lg border border-line bg-surface px-4 py-3 shadow-card transition-colors hover:border-line-strong hover:bg-hover"
      >
        <span className="block text-ink-3 text-xs">{label}</span>
        {value === undefined ? (
          <Skeleton className="mt-1.5 h-5 w-16" />
        ) : (
          <span
            className={cn(
              "mt-0.5 block font-semibold text-xl tabular-nums",
              warn && value !== null && value > 0 && "text-warn",
            )}
          >
            {value === null ? "–" : formatCount(value)}
          </span>
        )}
      </Link>
    </li>
  );
}

/** The capacity of the cluster and its pools. */
function CapacityPanel() {
  const links = useLinks();
  const { data: info, error } = useQuery(trpc.cluster.info.queryOptions({ cluster: useCluster() }));
  return (
    <Panel title="Capacity">
      {info === undefined ? (
        <div className="p-4">
          {error === null ? (
            <Skeleton className="h-8 w-full" />
          ) : (
            <ProblemCallout problem={toProblem(error)} />
          )}
        </div>
      ) : (
        <>
          <div className="p-4">
            <CapacityMeter info={info} />
          </div>
          <ul className="divide-y divide-line border-line border-t">
            {info.pools.map((pool) => (
              <li key={pool.id} className="flex items-baseline gap-3 px-4 py-2">
                <Link
                  href={links.images({ pool: pool.name })}
                  className="wrap-anywhere min-w-0 flex-1 rounded-sm font-mono text-xs hover:underline"
                >
                  {pool.name}
                </Link>
                {pool.namespaces.length > 0 && (
                  <span className="text-ink-3 text-xs">{plural(pool.namespaces.length, "namespace")}</span>
                )}
                <span className="text-ink-2 text-xs tabular-nums">{plural(pool.images, "image")}</span>
              </li>
            ))}
          </ul>
        </>
      )}
    </Panel>
  );
}

const MAX_TASKS = 5;

/** The most recent tasks. */
function RecentTasks() {
  const links = useLinks();
  const { data, error } = useRecentTasks();
  return (
    <Panel
      title="Recent tasks"
      aside={
        <Link href={links.tasks()} className="rounded-sm text-ink-2 text-xs hover:text-ink hover:underline">
          All tasks
        </Link>
      }
    >
      {data === undefined ? (
        <div className="p-4">
          {error === null ? (
            <Skeleton className="w-3/4" />
          ) : (
            <p className="text-danger">{toProblem(error).message}</p>
          )}
        </div>
      ) : data.rows.length === 0 ? (
        <p className="p-4 text-ink-3">No tasks yet.</p>
      ) : (
        <ul className="divide-y divide-line">
          {data.rows.slice(0, MAX_TASKS).map((task) => (
            <TrayItem key={task.id} task={task} />
          ))}
        </ul>
      )}
    </Panel>
  );
}
