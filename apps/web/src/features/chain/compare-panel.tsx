"use client";

import { skipToken, useQuery } from "@tanstack/react-query";
import { X } from "lucide-react";
import { ProblemCallout } from "#components/state.tsx";
import { Button } from "#components/ui/button.tsx";
import { Callout } from "#components/ui/panel.tsx";
import { Skeleton } from "#components/ui/progress.tsx";
import { Time } from "#components/values.tsx";
import { useCluster } from "#features/cluster/current-cluster.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { visibleName } from "#lib/spec.ts";
import type { ChainPoint, Comparison } from "./chain-model.ts";
import { HeatStrip } from "./heat-strip.tsx";

/** What changed between the two selected points. */
export function ComparePanel({
  image,
  comparison,
  onClear,
}: {
  /** The key of the image. */
  image: string;
  comparison: Comparison;
  onClear: () => void;
}) {
  const { from, to, problem } = comparison;
  const cluster = useCluster();
  const changed = useQuery(
    trpc.chain.changed.queryOptions(
      problem === null ? { cluster, image, from: from.id, to: to.id } : skipToken,
      { trpc: { abortOnUnmount: true } },
    ),
  );
  return (
    <section
      aria-label="What changed"
      aria-busy={changed.isFetching}
      className="flex flex-col gap-2 rounded-lg border border-line bg-surface p-4 shadow-card"
    >
      <header className="flex items-start justify-between gap-3">
        <h2 className="wrap-anywhere text-sm">
          <span className="text-ink-2">What changed from</span> <PointName point={from} />{" "}
          <span className="text-ink-2">to</span> <PointName point={to} />
        </h2>
        <Button variant="ghost" size="icon-sm" aria-label="Clear the selection" onClick={onClear}>
          <X aria-hidden />
        </Button>
      </header>
      {problem !== null && <Callout kind="info" title={problem} />}
      {changed.isError && <ProblemCallout problem={toProblem(changed.error)} announce />}
      {changed.data !== undefined ? (
        <HeatStrip changed={changed.data} />
      ) : (
        problem === null &&
        !changed.isError && (
          <div className="flex flex-col gap-2">
            <Skeleton className="h-10 w-full" />
            <Skeleton className="w-64" />
          </div>
        )
      )}
      <p role="status" className="sr-only">
        {changed.isPending && problem === null ? "Comparing" : changed.data !== undefined ? "Compared" : ""}
      </p>
    </section>
  );
}

function PointName({ point: { snapshot } }: { point: ChainPoint }) {
  if (snapshot === null) return <span className="font-medium">the current state</span>;
  return (
    <>
      <span className="font-medium font-mono text-xs">{visibleName(snapshot.name)}</span>{" "}
      <span className="text-ink-3 text-xs">
        (<Time at={snapshot.createdAt} />)
      </span>
    </>
  );
}
