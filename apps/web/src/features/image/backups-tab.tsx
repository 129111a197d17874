"use client";

import type { ImageDetail } from "@coppice/server/router";
import { useQuery } from "@tanstack/react-query";
import { Archive, Scissors } from "lucide-react";
import { EmptyState, ErrorState } from "#components/state.tsx";
import { Button, ButtonLink } from "#components/ui/button.tsx";
import { Skeleton } from "#components/ui/progress.tsx";
import { useOpenDialog } from "#features/actions/dialog-host.tsx";
import { useImageActions } from "#features/actions/image-actions.ts";
import { TargetProblems } from "#features/backups/backups-page.tsx";
import { BackUpDialog, PruneDialog } from "#features/backups/dialogs/index.ts";
import { History } from "#features/backups/history-page.tsx";
import { useTargets } from "#features/backups/targets.ts";
import { useLinks } from "#features/cluster/current-cluster.tsx";
import { useMayOperate } from "#features/session/session.tsx";
import { toProblem, trpc } from "#lib/api.ts";

/** The backups of an image, in every target. */
export function useImageBackups({ cluster, key }: Pick<ImageDetail, "cluster" | "key">) {
  return useQuery(trpc.backups.ofImage.queryOptions({ cluster, image: key }));
}

/** The history of an image's backups. */
export function BackupsTab({ image }: { image: ImageDetail }) {
  const openDialog = useOpenDialog();
  const mayOperate = useMayOperate();
  const backups = useImageBackups(image);
  const { data } = backups;
  if (data === undefined) {
    if (!backups.isError) return <Skeleton className="h-40 w-full rounded-lg" />;
    return (
      <ErrorState
        title="The backups could not be loaded"
        problem={toProblem(backups.error)}
        onRetry={() => void backups.refetch()}
      />
    );
  }
  const { source, chains, targets } = data;
  return (
    <>
      <TargetProblems targets={targets} />
      {source === null ? (
        <NoBackups image={image} />
      ) : (
        <>
          {mayOperate && (
            <div className="flex flex-wrap justify-end gap-2">
              <Button size="sm" onClick={() => openDialog(PruneDialog, { source })}>
                <Scissors aria-hidden />
                Prune…
              </Button>
              <Button
                size="sm"
                onClick={() => openDialog(BackUpDialog, { image: image.spec, target: source.targets[0]?.id })}
              >
                <Archive aria-hidden />
                Back up now…
              </Button>
            </div>
          )}
          <History chains={chains} label={`Backup history of ${image.spec}`} />
        </>
      )}
    </>
  );
}

function NoBackups({ image }: { image: ImageDetail }) {
  const links = useLinks();
  const targets = useTargets();
  const { actionsFor } = useImageActions();
  const action = actionsFor(image).find(({ id }) => id === "back-up");
  const hasTarget = targets.data === undefined || targets.data.length > 0;
  return (
    <div className="rounded-lg border border-line bg-surface shadow-card">
      <EmptyState
        icon={Archive}
        title="No backups"
        className="py-10"
        actions={
          hasTarget ? (
            action !== undefined && (
              <Button variant="primary" disabled={action.disabledReason !== null} onClick={action.run}>
                Back up this image…
              </Button>
            )
          ) : (
            <ButtonLink href={links.backupTargets()} variant="primary">
              Add a target
            </ButtonLink>
          )
        }
      >
        {action?.disabledReason ??
          (hasTarget
            ? "The first backup copies all of the image's data. Each later one copies what has changed since."
            : "There is no place for backups yet. Add a pool or a directory as a target first.")}
      </EmptyState>
    </div>
  );
}
