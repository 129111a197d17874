"use client";

import { RefreshCw } from "lucide-react";
import { Button } from "#components/ui/button.tsx";
import { Time } from "#components/value/time.tsx";
import { cn } from "#lib/cn.ts";
import { useRefreshInventory } from "./use-refresh-inventory.ts";

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
