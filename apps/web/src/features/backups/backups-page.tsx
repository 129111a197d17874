"use client";

import { Archive, Save, SearchX, Server } from "lucide-react";
import { PageHeader } from "#components/page.tsx";
import { EmptyState, ErrorState, StaleNotice } from "#components/state.tsx";
import { Button, ButtonLink } from "#components/ui/button.tsx";
import { Callout } from "#components/ui/panel.tsx";
import { Skeleton } from "#components/ui/progress.tsx";
import { Time } from "#components/values.tsx";
import { useOpenDialog } from "#features/actions/dialog-host.tsx";
import { useLinks } from "#features/cluster/current-cluster.tsx";
import { useMayOperate } from "#features/session/session.tsx";
import { toProblem } from "#lib/api.ts";
import { formatCount, plural } from "#lib/format.ts";
import { BackUpDialog } from "./dialogs/index.ts";
import {
  isFiltered,
  SourceFilterBar,
  type SourceList,
  useSourceFilters,
  useSourceList,
} from "./source-filters.tsx";
import { SourceTable } from "./source-table.tsx";
import { useTargets } from "./targets.ts";

/** Every image that has backups, in any target. */
export function BackupsPage() {
  const [filters, setFilters] = useSourceFilters();
  const list = useSourceList(filters);
  const { query, rows, last } = list;
  return (
    <div className="flex h-full flex-col">
      <div className="flex flex-col gap-3 px-4 pt-4 pb-3 md:px-6">
        <PageHeader title="Backups" note={last && <Count filtered={last.filtered} total={last.total} />}>
          <TargetsLink />
          <BackUpButton />
        </PageHeader>
        <SourceFilterBar filters={filters} setFilters={setFilters} />
        {query.isError && last !== undefined && (
          <StaleNotice
            problem={toProblem(query.error)}
            since={new Date(query.dataUpdatedAt).toISOString()}
            onRetry={() => void query.refetch()}
          />
        )}
        {last !== undefined && <TargetProblems targets={last.targets} />}
      </div>
      {rows !== undefined && rows.length > 0 ? (
        <SourceTable list={list} rows={rows} filters={filters} setFilters={setFilters} />
      ) : (
        <ListState list={list} filters={filters} setFilters={setFilters} />
      )}
    </div>
  );
}

function Count({ filtered, total }: { filtered: number; total: number }) {
  return filtered === total
    ? plural(total, "image")
    : `${formatCount(filtered)} of ${plural(total, "image")}`;
}

function TargetsLink() {
  const links = useLinks();
  return (
    <ButtonLink href={links.backupTargets()}>
      <Server aria-hidden />
      Targets
    </ButtonLink>
  );
}

function BackUpButton() {
  const openDialog = useOpenDialog();
  const mayOperate = useMayOperate();
  const targets = useTargets();
  if (!mayOperate || targets.data?.length === 0) return null;
  return (
    <Button variant="primary" onClick={() => openDialog(BackUpDialog, {})}>
      <Save aria-hidden />
      Back up…
    </Button>
  );
}

type TargetState = NonNullable<SourceList["last"]>["targets"][number];

/** Targets that could not be read, and records in them that cannot be. */
export function TargetProblems({ targets }: { targets: readonly TargetState[] }) {
  return targets.map(({ id, name, readAt, error, unreadable }) => (
    <div key={id} className="contents">
      {error !== null && (
        <Callout
          kind="warn"
          title={
            readAt === null ? (
              <>The target {name} could not be read. Its backups are missing here.</>
            ) : (
              <>
                The target {name} could not be read. Its backups are shown as they were <Time at={readAt} />.
              </>
            )
          }
        >
          {error.message} {error.hint}
        </Callout>
      )}
      {unreadable.length > 0 && (
        <Callout
          kind="warn"
          title={`${plural(unreadable.length, "record")} in the target ${name} cannot be read, so it is not known whose backups they are.`}
        >
          <ul>
            {unreadable.slice(0, 5).map(({ backup, error: why }) => (
              <li key={backup}>
                <span className="font-mono text-xs">{backup}</span>: {why.message}. {why.hint}
              </li>
            ))}
            {unreadable.length > 5 && <li>and {formatCount(unreadable.length - 5)} more</li>}
          </ul>
        </Callout>
      )}
    </div>
  ));
}

interface ListStateProps {
  list: SourceList;
  filters: Parameters<typeof isFiltered>[0];
  setFilters: ReturnType<typeof useSourceFilters>[1];
}

/** What stands in place of the table: it is loading, cannot be loaded, or is empty. */
function ListState({ list: { query, rows }, filters, setFilters }: ListStateProps) {
  if (rows === undefined) {
    if (!query.isError) return <ListSkeleton />;
    return (
      <ErrorState
        title="The backups could not be loaded"
        problem={toProblem(query.error)}
        onRetry={() => void query.refetch()}
      />
    );
  }
  if (isFiltered(filters)) {
    return (
      <EmptyState
        icon={SearchX}
        title="No matching backups"
        actions={
          <Button onClick={() => void setFilters({ q: null, target: null, state: null, row: null })}>
            Show all backups
          </Button>
        }
      >
        No image with backups matches the filter.
      </EmptyState>
    );
  }
  return <FirstBackup />;
}

/** What to do for a first backup. */
function FirstBackup() {
  const links = useLinks();
  const openDialog = useOpenDialog();
  const mayOperate = useMayOperate();
  const targets = useTargets();
  if (targets.data === undefined) return <ListSkeleton />;
  if (targets.data.length === 0) {
    return (
      <EmptyState
        icon={Server}
        title="No place for backups yet"
        actions={
          <ButtonLink href={links.backupTargets()} variant="primary">
            Add a target
          </ButtonLink>
        }
      >
        A target is where backups are kept: a pool of this or another cluster, or a directory of the server.
        Add one, then back up an image.
      </EmptyState>
    );
  }
  return (
    <EmptyState
      icon={Archive}
      title="No backups yet"
      actions={
        mayOperate ? (
          <Button variant="primary" onClick={() => openDialog(BackUpDialog, {})}>
            Back up an image…
          </Button>
        ) : (
          <ButtonLink href={links.images()}>Go to the images</ButtonLink>
        )
      }
    >
      The first backup of an image copies all of its data. Each later one copies what has changed since, and
      every one of them can be restored by itself.
    </EmptyState>
  );
}

function ListSkeleton() {
  return (
    <div aria-busy="true" className="min-h-0 flex-1 overflow-hidden border-line border-t bg-surface">
      <span role="status" className="sr-only">
        Loading the backups
      </span>
      <div className="h-9 border-line border-b bg-sunken" />
      {Array.from({ length: 10 }, (_, index) => (
        <div key={index} className="flex h-10 items-center gap-8 border-line border-b px-4 md:px-6">
          <Skeleton className="w-52" />
          <Skeleton className="hidden w-20 md:block" />
          <Skeleton className="ml-auto w-24" />
          <Skeleton className="hidden w-28 lg:block" />
        </div>
      ))}
    </div>
  );
}
