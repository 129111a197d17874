"use client";

import { Meter } from "@base-ui/react/meter";
import type { ClusterInfo } from "@coppice/server/router";
import { useQuery } from "@tanstack/react-query";
import { ChevronDown } from "lucide-react";
import { ProblemCallout } from "#components/state.tsx";
import { CopyButton } from "#components/ui/button.tsx";
import { Popover, PopoverContent, PopoverTrigger } from "#components/ui/popover.tsx";
import { Skeleton } from "#components/ui/progress.tsx";
import { Bytes, FactList } from "#components/values.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { cn } from "#lib/cn.ts";
import { formatCount, formatPercent } from "#lib/format.ts";
import { useCluster } from "./current-cluster.tsx";
import { type StreamState, useStreamState } from "./server-events.ts";

type Condition = "connected" | "connecting" | "unreachable";

const CONDITION: Record<Condition, { label: string; dot: string }> = {
  connected: { label: "Connected", dot: "bg-brand" },
  connecting: { label: "Connecting", dot: "animate-pulse-soft bg-warn" },
  unreachable: { label: "Unreachable", dot: "rounded-none bg-danger" },
};

function condition(failed: boolean, stream: StreamState): Condition {
  if (failed) return "unreachable";
  return stream === "live" || stream === "paused" ? "connected" : "connecting";
}

/** The name of the cluster, the start of its fsid, and the state of the connection. Opens a panel with details. */
export function ClusterChip() {
  const info = useQuery(trpc.cluster.info.queryOptions({ cluster: useCluster() }));
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

interface ClusterFactsProps {
  info: ClusterInfo | undefined;
  error: unknown;
  condition: string;
}

/** Details of the cluster. */
function ClusterFacts({ info, error, condition }: ClusterFactsProps) {
  const problem = error === null ? null : toProblem(error);
  return (
    <div className="flex flex-col gap-3 p-4">
      {problem !== null && <ProblemCallout problem={problem} />}
      {info !== undefined && (
        <>
          <FactList
            facts={[
              ["Name", info.name],
              ["State", condition],
              [
                "fsid",
                <span key="fsid" className="flex items-center gap-1">
                  <code className="wrap-anywhere font-mono text-xs">{info.fsid}</code>
                  <CopyButton text={info.fsid} label="Copy the fsid" />
                </span>,
              ],
              [
                "librbd",
                <span key="librbd" className="font-mono text-xs">
                  {info.librbdVersion}
                </span>,
              ],
              [
                "Pools",
                info.pools.map((pool) => `${pool.name} (${formatCount(pool.images)})`).join(", ") || "none",
              ],
            ]}
          />
          <CapacityMeter info={info} />
        </>
      )}
    </div>
  );
}

/** Ceph's default ratios: it warns from the first one on and refuses writes from the second one on. */
const NEARFULL_RATIO = 0.85;
const FULL_RATIO = 0.95;

/** The used capacity of the cluster, in words and as a bar. */
export function CapacityMeter({ info }: { info: ClusterInfo }) {
  const share = info.totalBytes === 0 ? 0 : info.usedBytes / info.totalBytes;
  const state = share >= FULL_RATIO ? "full" : share >= NEARFULL_RATIO ? "nearly full" : null;
  return (
    <Meter.Root
      value={share * 100}
      aria-valuetext={`${formatPercent(info.usedBytes, info.totalBytes)} of the capacity is used`}
      className="block"
    >
      <div className="mb-1.5 flex items-baseline justify-between gap-3">
        <Meter.Label className="text-ink-3 text-xs">Capacity</Meter.Label>
        <span className="text-xs tabular-nums">
          <Bytes value={info.usedBytes} /> of <Bytes value={info.totalBytes} /> used
          <span className="text-ink-3"> · {formatPercent(info.usedBytes, info.totalBytes)}</span>
          {state !== null && <strong className="ml-1 font-medium text-danger">{state}</strong>}
        </span>
      </div>
      <Meter.Track className="block h-1.5 overflow-hidden rounded-full bg-hover">
        <Meter.Indicator
          className={cn(
            "block h-full rounded-full",
            state === null ? "bg-brand" : state === "full" ? "bg-danger" : "bg-warn",
          )}
        />
      </Meter.Track>
    </Meter.Root>
  );
}
