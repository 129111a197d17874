"use client";

import type { TargetView } from "@coppice/server/router";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { CircleAlert, CircleCheck, Database, Folder, Plus, RefreshCw, Server, Trash2 } from "lucide-react";
import { Breadcrumbs, PageHeader } from "#components/page.tsx";
import { EmptyState, ErrorState, ProblemCallout } from "#components/state.tsx";
import { Button, ButtonLink } from "#components/ui/button.tsx";
import { Skeleton } from "#components/ui/progress.tsx";
import { Bytes, Time } from "#components/values.tsx";
import { useOpenDialog } from "#features/actions/dialog-host.tsx";
import { useLinks } from "#features/cluster/current-cluster.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { cn } from "#lib/cn.ts";
import { AddTargetDialog, RemoveTargetDialog } from "./dialogs/index.ts";
import { useMayChangeTargets, useTargets } from "./targets.ts";

/** The places in which backups are kept. */
export function TargetsPage() {
  const links = useLinks();
  const openDialog = useOpenDialog();
  const mayChange = useMayChangeTargets();
  const targets = useTargets();
  const add = mayChange && (
    <Button variant="primary" onClick={() => openDialog(AddTargetDialog, {})}>
      <Plus aria-hidden />
      Add a target…
    </Button>
  );
  return (
    <div className="mx-auto flex max-w-4xl flex-col gap-4 p-4 md:p-6">
      <Breadcrumbs items={[{ href: links.backups(), label: "Backups" }]} current="Targets" />
      <PageHeader title="Backup targets">{targets.data?.length !== 0 && add}</PageHeader>
      {targets.data === undefined ? (
        targets.isError ? (
          <ErrorState
            title="The targets could not be loaded"
            problem={toProblem(targets.error)}
            onRetry={() => void targets.refetch()}
          />
        ) : (
          <Skeleton className="h-32 w-full rounded-lg" />
        )
      ) : targets.data.length === 0 ? (
        <div className="rounded-lg border border-line bg-surface shadow-card">
          <EmptyState icon={Server} title="No place for backups yet" actions={add}>
            {mayChange
              ? "A target is a pool, best of another cluster, or a directory of the server, such as one on NFS. Backups stay readable there with plain rbd."
              : "Ask an administrator to add one: a pool of a cluster, or a directory of the server."}
          </EmptyState>
        </div>
      ) : (
        <ul className="flex flex-col gap-3">
          {targets.data.map((target) => (
            <TargetCard key={target.id} target={target} mayChange={mayChange} />
          ))}
        </ul>
      )}
    </div>
  );
}

function TargetCard({ target, mayChange }: { target: TargetView; mayChange: boolean }) {
  const links = useLinks();
  const openDialog = useOpenDialog();
  const client = useQueryClient();
  const check = useQuery(trpc.backups.targets.check.queryOptions({ id: target.id }, { retry: false }));
  const reread = useMutation(
    trpc.backups.refresh.mutationOptions({
      onSuccess: () => client.invalidateQueries(trpc.backups.sources.pathFilter()),
    }),
  );
  const isChecking = check.isFetching || reread.isPending;
  const { settings } = target;
  const Icon = settings.kind === "pool" ? Database : Folder;
  return (
    <li className="rounded-lg border border-line bg-surface p-4 shadow-card">
      <div className="flex flex-wrap items-start gap-3">
        <span className="flex size-8 shrink-0 items-center justify-center rounded-md border border-line bg-sunken text-ink-3">
          <Icon aria-hidden className="size-4" />
        </span>
        <div className="min-w-0 flex-1">
          <h2 className="wrap-anywhere font-medium">{target.name}</h2>
          <p className="wrap-anywhere text-ink-2 text-xs">
            {target.place}
            <Layout settings={settings} />
          </p>
        </div>
        <div className="flex flex-wrap gap-2">
          <ButtonLink size="sm" href={links.backups({ target: target.id })}>
            Show backups
          </ButtonLink>
          <Button
            size="sm"
            disabled={isChecking}
            focusableWhenDisabled
            onClick={() => {
              reread.mutate({ target: target.id });
              void check.refetch();
            }}
          >
            <RefreshCw aria-hidden className={cn(isChecking && "animate-spin-slow")} />
            Check
          </Button>
          {mayChange && (
            <Button size="sm" variant="danger" onClick={() => openDialog(RemoveTargetDialog, { target })}>
              <Trash2 aria-hidden />
              Remove…
            </Button>
          )}
        </div>
      </div>
      <div role="status" className="mt-3 border-line border-t pt-3">
        {check.isError ? (
          <ProblemCallout problem={toProblem(check.error)} />
        ) : check.data === undefined ? (
          <Skeleton className="w-56" />
        ) : (
          <p className="flex flex-wrap items-center gap-x-2 gap-y-1 text-xs">
            {check.data.ok ? (
              <CircleCheck aria-hidden className="size-4 text-brand" />
            ) : (
              <CircleAlert aria-hidden className="size-4 text-danger" />
            )}
            <span className={cn("wrap-anywhere", !check.data.ok && "text-danger")}>
              {check.data.message} {check.data.error?.hint}
            </span>
            {check.data.freeBytes !== null && (
              <span>
                <Bytes value={check.data.freeBytes} /> free
              </span>
            )}
            <span className="text-ink-3">
              checked <Time at={check.data.checkedAt} />
            </span>
          </p>
        )}
      </div>
    </li>
  );
}

/** How new backups are laid out, where that is not the usual. */
function Layout({ settings }: { settings: TargetView["settings"] }) {
  if (settings.kind === "directory") {
    return <> · {settings.compression === null ? "not compressed" : `zstd, level ${settings.compression}`}</>;
  }
  return settings.dataPool === null ? null : <> · data in {settings.dataPool}</>;
}
