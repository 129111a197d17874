"use client";

import type { ScanProblem } from "@coppice/server/router";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { RefreshCw } from "lucide-react";
import { Button } from "#components/ui/button.tsx";
import { Callout } from "#components/ui/panel.tsx";
import { toast } from "#components/ui/toast.tsx";
import { Time } from "#components/values.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { cn } from "#lib/cn.ts";
import { invalidateInventory } from "./cached-data.ts";
import { useCluster } from "./current-cluster.tsx";

/** The time of the last inventory of the cluster, and a button that takes a new one. */
export function InventoryAge({
  scannedAt,
  className,
}: {
  scannedAt: string | undefined;
  className?: string;
}) {
  const cluster = useCluster();
  const refresh = useRefreshInventory();
  return (
    <div className={cn("flex items-center gap-1 text-ink-3 text-xs", className)}>
      <span role="status" className="hidden sm:inline">
        {refresh.isPending
          ? "Updating…"
          : scannedAt !== undefined && (
              <>
                Updated <Time at={scannedAt} />
              </>
            )}
      </span>
      <Button
        variant="ghost"
        size="icon-sm"
        aria-label="Refresh"
        title="Refresh"
        disabled={refresh.isPending}
        focusableWhenDisabled
        onClick={() => refresh.mutate({ cluster })}
      >
        <RefreshCw aria-hidden className={cn(refresh.isPending && "animate-spin-slow")} />
      </Button>
    </div>
  );
}

/** Takes a new inventory of a cluster. */
export function useRefreshInventory() {
  const client = useQueryClient();
  return useMutation(
    trpc.inventory.refresh.mutationOptions({
      onSuccess: (_result, { cluster }) => invalidateInventory(client, cluster),
      onError: (error) => {
        const { message, hint } = toProblem(error);
        toast("The images could not be refreshed", {
          tone: "bad",
          description: [message, hint].filter(Boolean).join(" "),
        });
      },
    }),
  );
}

/** The parts of the cluster that the last inventory could not read: pools and namespaces, or all of it. */
export function ScanProblems({
  problems,
  scannedAt,
}: {
  problems: readonly ScanProblem[];
  scannedAt: string;
}) {
  return problems.map(({ place, error }) => (
    <Callout
      key={place ?? ""}
      kind="warn"
      title={
        place === null ? (
          <>
            The cluster could not be read. The images shown were last updated <Time at={scannedAt} />.
          </>
        ) : (
          <>
            <span className="font-mono text-xs">{place}</span> could not be read. Its images are missing here.
          </>
        )
      }
    >
      {error.message} {error.hint}
    </Callout>
  ));
}
