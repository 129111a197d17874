"use client";

import { useQuery } from "@tanstack/react-query";
import { Sprout } from "lucide-react";
import { useMemo } from "react";
import { EmptyState } from "#components/state/empty-state.tsx";
import { ErrorState } from "#components/state/error-state.tsx";
import { ButtonLink } from "#components/ui/button-link.tsx";
import { toProblem } from "#lib/problem.ts";
import { trpc } from "#lib/trpc/trpc.ts";
import { ForestView } from "./forest-view.tsx";
import { LineageSkeleton } from "./lineage-skeleton.tsx";
import { indexForest } from "./model/forest-index.ts";

/** The forest of clones: the same images as a canvas and as a tree. */
export function LineagePage() {
  const forest = useQuery(trpc.lineage.forest.queryOptions());
  const nodes = forest.data?.nodes;
  const index = useMemo(() => (nodes === undefined ? undefined : indexForest(nodes)), [nodes]);
  const problem = forest.isError ? toProblem(forest.error) : null;

  if (index === undefined) {
    if (problem === null) return <LineageSkeleton />;
    return (
      <ErrorState
        heading="h1"
        title="The forest cannot be read"
        problem={problem}
        onRetry={() => void forest.refetch()}
      />
    );
  }
  if (index.nodes.length === 0) {
    return (
      <EmptyState
        icon={Sprout}
        heading="h1"
        title="Nothing grows here yet"
        actions={<ButtonLink href="/images/">Go to the images</ButtonLink>}
      >
        This cluster has no images. As soon as there are some, they and their clones stand here.
      </EmptyState>
    );
  }
  return (
    <ForestView
      index={index}
      scannedAt={forest.data?.scannedAt}
      problem={problem}
      onRetry={() => void forest.refetch()}
    />
  );
}
