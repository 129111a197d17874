"use client";

import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { Callout } from "#components/ui/callout.tsx";
import { Panel } from "#components/ui/panel.tsx";
import { Skeleton } from "#components/ui/skeleton.tsx";
import { CapacityMeter } from "#features/cluster/capacity-meter.tsx";
import { plural } from "#lib/format/count.ts";
import { toProblem } from "#lib/problem.ts";
import { trpc } from "#lib/trpc/trpc.ts";

/** How full the cluster is, and its pools. */
export function CapacityPanel() {
  const { data: info, error } = useQuery(trpc.cluster.info.queryOptions());
  return (
    <Panel title="Capacity">
      {info === undefined ? (
        <div className="p-4">
          {error === null ? (
            <Skeleton className="h-8 w-full" />
          ) : (
            <Callout kind="danger" title={toProblem(error).message}>
              {toProblem(error).hint}
            </Callout>
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
                  href={`/images/?place=${encodeURIComponent(pool.name)}`}
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
