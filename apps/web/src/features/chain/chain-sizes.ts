"use client";

import type { ChainSizes } from "@coppice/server/router";
import { useQueries } from "@tanstack/react-query";
import { useMemo, useRef } from "react";
import { useCluster } from "#features/cluster/current-cluster.tsx";
import { type Problem, toProblem, trpc } from "#lib/api.ts";
import { type ChainPoint, chunksInView, type PointSizes, pointKey } from "./chain-model.ts";

interface ChainSizesOptions {
  /** The key of the image. */
  image: string;
  /** Newest first. */
  points: readonly ChainPoint[];
  /** The rows in view. */
  first: number;
  last: number;
  exact: boolean;
}

/** The sizes of the points in view, and of those that were in view before. What leaves the view is not waited for. */
export function useChainSizes({ image, points, first, last, exact }: ChainSizesOptions) {
  const cluster = useCluster();
  return useQueries({
    queries: chunksInView(points, first, last).map((chunk) =>
      trpc.chain.sizes.queryOptions(
        { cluster, image, points: chunk, exact },
        { trpc: { abortOnUnmount: true } },
      ),
    ),
    combine: combineSizes,
  });
}

interface KnownSizes {
  /** By the key of the point. */
  sizes: ReadonlyMap<string, PointSizes>;
  objectMaps: ChainSizes["objectMaps"] | null;
  problem: Problem | null;
  isFetching: boolean;
}

function combineSizes(
  results: readonly { data: ChainSizes | undefined; error: unknown; isFetching: boolean }[],
): KnownSizes {
  const found = results.flatMap(({ data }) => data ?? []);
  const failed = results.find(({ data, error }) => data === undefined && error !== null);
  return {
    sizes: new Map(found.flatMap(({ points }) => points.map((point) => [pointKey(point), point] as const))),
    objectMaps:
      found.find(({ objectMaps }) => objectMaps.state !== "valid")?.objectMaps ??
      found[0]?.objectMaps ??
      null,
    problem: failed === undefined ? null : toProblem(failed.error),
    isFetching: results.some(({ isFetching }) => isFetching),
  };
}

/** The sizes that are known now, together with those that were known before and are out of view. */
export function useRemembered(
  sizes: ReadonlyMap<string, PointSizes>,
  scope: string,
): ReadonlyMap<string, PointSizes> {
  const remembered = useRef({ scope, sizes });
  return useMemo(() => {
    const before = remembered.current.scope === scope ? remembered.current.sizes : [];
    const all = new Map([...before, ...sizes]);
    remembered.current = { scope, sizes: all };
    return all;
  }, [sizes, scope]);
}
