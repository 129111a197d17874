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

/** When the images were last read from the cluster, and a button to do it now. */
export function ScanAge({ scannedAt, className }: { scannedAt: string | undefined; className?: string }) {
  const refresh = useRefreshInventory();
  return (
    <div className={cn("flex items-center gap-1 text-ink-3 text-xs", className)}>
      <span role="status" className="hidden sm:inline">
        {refresh.isPending
          ? "Reading…"
          : scannedAt !== undefined && (
              <>
                Read <Time at={scannedAt} />
              </>
            )}
      </span>
      <Button
        variant="ghost"
        size="icon-sm"
        aria-label="Read all images again"
        title="Read all images again"
        disabled={refresh.isPending}
        focusableWhenDisabled
        onClick={() => refresh.mutate()}
      >
        <RefreshCw aria-hidden className={cn(refresh.isPending && "animate-spin-slow")} />
      </Button>
    </div>
  );
}

/** Has the server read all images again, now. */
export function useRefreshInventory() {
  const client = useQueryClient();
  return useMutation(
    trpc.inventory.refresh.mutationOptions({
      onSuccess: () => invalidateInventory(client),
      onError: (error) => {
        const { message, hint } = toProblem(error);
        toast("Images could not be read again", {
          tone: "bad",
          description: [message, hint].filter(Boolean).join(" "),
        });
      },
    }),
  );
}

/** What the server could not read of the cluster: a pool whose images are missing here, or all of it. */
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
            The cluster could not be read again. What you see was read <Time at={scannedAt} />.
          </>
        ) : (
          <>
            <span className="font-mono text-xs">{place}</span> could not be read, so its images are missing
            here.
          </>
        )
      }
    >
      {error.message} {error.hint}
    </Callout>
  ));
}
