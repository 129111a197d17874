"use client";

import { useQuery } from "@tanstack/react-query";
import { ChevronDown } from "lucide-react";
import { Popover, PopoverContent, PopoverTrigger } from "#components/ui/popover.tsx";
import { Skeleton } from "#components/ui/skeleton.tsx";
import { type StreamState, useStreamState } from "#features/events/stream-state.ts";
import { cn } from "#lib/cn.ts";
import { trpc } from "#lib/trpc/trpc.ts";
import { ClusterFacts } from "./cluster-facts.tsx";

type Condition = "connected" | "connecting" | "unreachable";

const CONDITION: Record<Condition, { label: string; dot: string }> = {
  connected: { label: "Connected", dot: "bg-brand" },
  connecting: { label: "Connecting", dot: "animate-pulse-soft bg-warn" },
  unreachable: { label: "Not reachable", dot: "rounded-none bg-danger" },
};

function condition(failed: boolean, stream: StreamState): Condition {
  if (failed) return "unreachable";
  return stream === "live" || stream === "paused" ? "connected" : "connecting";
}

/** The cluster's name, the beginning of its fsid, and whether it can be reached. Opens its facts. */
export function ClusterChip() {
  const info = useQuery(trpc.cluster.info.queryOptions());
  const { label, dot } = CONDITION[condition(info.isError, useStreamState())];

  if (info.data === undefined && !info.isError) return <Skeleton className="w-32" />;
  return (
    <Popover>
      <PopoverTrigger className="flex h-8 min-w-0 items-center gap-2 rounded-md px-2 transition-colors hover:bg-hover data-popup-open:bg-hover">
        <span aria-hidden className={cn("size-2 shrink-0 rounded-full", dot)} />
        <span className="truncate font-medium">{info.data?.name ?? "Cluster"}</span>
        {info.data !== undefined && (
          <span className="hidden font-mono text-ink-3 text-xs sm:inline">{info.data.fsid.slice(0, 8)}</span>
        )}
        <span className="hidden text-ink-2 text-xs lg:inline">{label}</span>
        <span className="sr-only lg:hidden">{label}</span>
        <ChevronDown aria-hidden className="size-3.5 shrink-0 text-ink-3" />
      </PopoverTrigger>
      <PopoverContent title="Cluster" align="start" className="w-100">
        <ClusterFacts info={info.data} error={info.error} condition={label} />
      </PopoverContent>
    </Popover>
  );
}
