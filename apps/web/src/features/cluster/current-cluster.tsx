"use client";

import { useQuery } from "@tanstack/react-query";
import { Server } from "lucide-react";
import { useQueryState } from "nuqs";
import { createContext, type ReactNode, useContext, useMemo } from "react";
import { EmptyState, ErrorState } from "#components/state.tsx";
import { ButtonLink } from "#components/ui/button.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { type Links, linksOf } from "#lib/links.ts";

const ClusterContext = createContext<string | null>(null);

/** The id of the cluster that the console shows. @throws outside of `ClusterProvider` */
export function useCluster(): string {
  const cluster = useContext(ClusterContext);
  if (cluster === null) throw new Error("useCluster is called outside of ClusterProvider");
  return cluster;
}

/** The addresses of the pages of the cluster that the console shows. */
export function useLinks(): Links {
  const cluster = useCluster();
  return useMemo(() => linksOf(cluster), [cluster]);
}

/**
 * Decides which cluster the console shows: the one that `cluster` in the URL names, else the first one that the server
 * is configured with. Everything below takes the id from `useCluster`.
 */
export function ClusterProvider({ children, fallback }: { children: ReactNode; fallback: ReactNode }) {
  const [named] = useQueryState("cluster");
  const list = useQuery(trpc.clusters.list.queryOptions(undefined, { staleTime: 5 * 60_000 }));

  if (list.data === undefined) {
    if (!list.isError) return fallback;
    return (
      <main className="flex min-h-dvh items-center justify-center">
        <ErrorState
          heading="h1"
          title="The clusters could not be loaded"
          problem={toProblem(list.error)}
          onRetry={() => void list.refetch()}
        />
      </main>
    );
  }
  const ids = list.data.clusters.map(({ id }) => id);
  const [first] = ids;
  const cluster = named ?? first;
  if (cluster === undefined || !ids.includes(cluster)) {
    return (
      <main className="flex min-h-dvh items-center justify-center">
        <EmptyState
          icon={Server}
          heading="h1"
          title="Cluster not found"
          actions={
            first !== undefined && <ButtonLink href={linksOf(first).overview()}>Go to {first}</ButtonLink>
          }
        >
          The server is not configured with a cluster called{" "}
          <span className="wrap-anywhere font-mono text-xs">{cluster}</span>.
        </EmptyState>
      </main>
    );
  }
  return <ClusterContext value={cluster}>{children}</ClusterContext>;
}
