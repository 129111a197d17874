"use client";

import type { TrashPage as TrashListPage } from "@coppice/server/router";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { Search, SearchX, Trash2 } from "lucide-react";
import Link from "next/link";
import { parseAsString, useQueryState } from "nuqs";
import { useRef } from "react";
import { PageHeader } from "#components/page.tsx";
import { EmptyState, ErrorState, StaleNotice } from "#components/state.tsx";
import { Button } from "#components/ui/button.tsx";
import { Input, useDebounced } from "#components/ui/form.tsx";
import { Badge, Callout } from "#components/ui/panel.tsx";
import { Skeleton } from "#components/ui/progress.tsx";
import { Bytes, SpecText, Time } from "#components/values.tsx";
import { ActionMenu } from "#features/actions/action-controls.tsx";
import { lazyDialog, useOpenDialog } from "#features/actions/dialog-host.tsx";
import { RestoreDialog, useImageActions } from "#features/actions/image-actions.ts";
import { useCluster, useLinks } from "#features/cluster/current-cluster.tsx";
import { useMayOperate } from "#features/session/session.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { formatCount, plural } from "#lib/format.ts";
import { usePageSearch } from "#lib/keyboard.ts";

const PurgeDialog = lazyDialog(async () => (await import("./purge-dialog.tsx")).PurgeDialog);

const TYPING_PAUSE_MS = 150;

/** The images in the trash, newest first. */
export function TrashPage() {
  const cluster = useCluster();
  const openDialog = useOpenDialog();
  const mayOperate = useMayOperate();
  const [q, setQ] = useQueryState("q", parseAsString.withDefault(""));
  const search = useDebounced(q, TYPING_PAUSE_MS);
  const field = useRef<HTMLInputElement>(null);
  usePageSearch(field);
  const trash = useInfiniteQuery(
    trpc.trash.list.infiniteQueryOptions(
      { cluster, limit: 50, ...(search === "" ? {} : { search }) },
      { getNextPageParam: (page) => page.nextCursor, placeholderData: keepPreviousData },
    ),
  );
  const rows = trash.data?.pages.flatMap((page) => page.rows);
  const last = trash.data?.pages.at(-1);
  const problem = trash.isError ? toProblem(trash.error) : null;

  return (
    <div className="mx-auto flex max-w-6xl flex-col gap-4 p-4 md:p-6">
      <PageHeader title="Trash" note={last && <span role="status">{plural(last.total, "image")}</span>}>
        {mayOperate && (
          <Button
            disabled={last === undefined || last.expired === 0}
            focusableWhenDisabled
            onClick={() => openDialog(PurgeDialog, {})}
          >
            <Trash2 aria-hidden />
            Purge…
          </Button>
        )}
      </PageHeader>
      <search className="relative w-full sm:w-72">
        <Search aria-hidden className="pointer-events-none absolute top-2 left-2.5 size-4 text-ink-3" />
        <Input
          ref={field}
          type="search"
          aria-label="Filter by name"
          placeholder="Filter by name…"
          value={q}
          onChange={(event) => void setQ(event.target.value || null)}
          className="pl-8"
        />
      </search>
      {problem !== null && rows !== undefined && (
        <StaleNotice
          problem={problem}
          since={new Date(trash.dataUpdatedAt).toISOString()}
          onRetry={() => void trash.refetch()}
        />
      )}
      {last?.problems.map(({ place, error }) => (
        <Callout key={place} kind="warn" title={`The trash of ${place} could not be read.`}>
          {error.message} {error.hint}
        </Callout>
      ))}
      <div className="overflow-hidden rounded-lg border border-line bg-surface shadow-card">
        {rows === undefined ? (
          problem === null ? (
            <TrashSkeleton />
          ) : (
            <ErrorState
              title="The trash could not be loaded"
              problem={problem}
              onRetry={() => void trash.refetch()}
            />
          )
        ) : rows.length > 0 ? (
          <TrashTable rows={rows} />
        ) : q === "" ? (
          <EmptyState icon={Trash2} title="The trash is empty">
            Images that are moved to the trash keep their data, snapshots and clones until they are purged,
            and can be restored from here.
          </EmptyState>
        ) : (
          <EmptyState
            icon={SearchX}
            title="No matching images"
            actions={<Button onClick={() => void setQ(null)}>Show all of the trash</Button>}
          >
            No image in the trash has “{q}” in its name.
          </EmptyState>
        )}
      </div>
      {trash.hasNextPage && (
        <Button
          className="self-center"
          disabled={trash.isFetchingNextPage}
          onClick={() => void trash.fetchNextPage()}
        >
          Show more
        </Button>
      )}
    </div>
  );
}

const head = "h-9 px-4 text-left font-medium text-ink-3 text-xs";
const cell = "px-4 py-2 align-middle";

type TrashRow = TrashListPage["rows"][number];

function TrashTable({ rows }: { rows: readonly TrashRow[] }) {
  return (
    <table className="w-full table-fixed">
      <thead className="border-line border-b bg-sunken">
        <tr>
          <th scope="col" className={head}>
            Image
          </th>
          <th scope="col" className={`${head} hidden w-28 text-right sm:table-cell`}>
            Size
          </th>
          <th scope="col" className={`${head} hidden w-24 text-right lg:table-cell`}>
            Snapshots
          </th>
          <th scope="col" className={`${head} hidden w-20 text-right lg:table-cell`}>
            Clones
          </th>
          <th scope="col" className={`${head} hidden w-36 sm:table-cell`}>
            Moved
          </th>
          <th scope="col" className={`${head} hidden w-40 md:table-cell`}>
            Purgeable
          </th>
          <th scope="col" className={`${head} w-32 text-right`}>
            <span className="sr-only">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody className="divide-y divide-line">
        {rows.map((row) => (
          <TrashLine key={row.key} row={row} />
        ))}
      </tbody>
    </table>
  );
}

const STATE_LABEL = {
  moving: "Being moved",
  removing: "Being removed",
  restoring: "Being restored",
  unknown: "Unknown state",
} as const;

function TrashLine({ row }: { row: TrashRow }) {
  const links = useLinks();
  const openDialog = useOpenDialog();
  const mayOperate = useMayOperate();
  const { actionsFor } = useImageActions();
  const { key, spec, state, size, snapshotCount, cloneCount, deletedAt, deferredUntil, expired } = row;
  const actions = actionsFor({ key, spec, inTrash: true, state: "ok", operation: null });
  return (
    <tr className="transition-colors hover:bg-hover">
      <td className={cell}>
        <span className="flex min-w-0 flex-wrap items-center gap-x-2">
          <Link href={links.image(key)} prefetch={false} className="min-w-0 rounded-sm hover:underline">
            <SpecText spec={spec} className="text-xs" />
          </Link>
          {state !== "normal" && <Badge tone="warn">{STATE_LABEL[state]}</Badge>}
        </span>
        <span className="block text-2xs text-ink-3 sm:hidden">
          moved <Time at={deletedAt} />
        </span>
      </td>
      <td className={`${cell} hidden text-right sm:table-cell`}>
        {size === null ? "–" : <Bytes value={size} />}
      </td>
      <td className={`${cell} hidden text-right tabular-nums lg:table-cell`}>{countText(snapshotCount)}</td>
      <td className={`${cell} hidden text-right tabular-nums lg:table-cell`}>{countText(cloneCount)}</td>
      <td className={`${cell} hidden text-ink-2 sm:table-cell`}>
        <Time at={deletedAt} />
      </td>
      <td className={`${cell} hidden text-ink-2 md:table-cell`}>
        {expired ? "Now" : <Time at={deferredUntil} />}
      </td>
      <td className={`${cell} text-right`}>
        <span className="inline-flex items-center gap-1">
          {mayOperate && (
            <Button
              size="sm"
              aria-label={`Restore ${spec}`}
              onClick={() => openDialog(RestoreDialog, { imageKey: key, spec })}
            >
              Restore…
            </Button>
          )}
          <ActionMenu
            actions={actions.filter(({ id }) => id !== "clone" && id !== "create-snapshot")}
            label={`Actions for ${spec}`}
          />
        </span>
      </td>
    </tr>
  );
}

function countText(count: number | null): string {
  return count === null ? "–" : formatCount(count);
}

function TrashSkeleton() {
  return (
    <div aria-busy="true" className="divide-y divide-line">
      <span role="status" className="sr-only">
        Loading the trash
      </span>
      <div className="h-9 bg-sunken" />
      {Array.from({ length: 5 }, (_, index) => (
        <div key={index} className="flex h-11 items-center gap-6 px-4">
          <div className="flex-1">
            <Skeleton className="w-1/3" />
          </div>
          <Skeleton className="hidden w-16 sm:block" />
          <Skeleton className="w-20" />
        </div>
      ))}
    </div>
  );
}
