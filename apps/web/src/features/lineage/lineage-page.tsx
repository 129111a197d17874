"use client";

import { useQuery } from "@tanstack/react-query";
import { ListTree, Network, Sprout } from "lucide-react";
import { useMemo } from "react";
import { PageHeader } from "#components/page.tsx";
import { EmptyState, ErrorState, StaleNotice } from "#components/state.tsx";
import { ButtonLink } from "#components/ui/button.tsx";
import { Segmented } from "#components/ui/form.tsx";
import { Callout } from "#components/ui/panel.tsx";
import { Skeleton } from "#components/ui/progress.tsx";
import { ScanAge } from "#features/cluster/inventory.tsx";
import { type Problem, toProblem, trpc } from "#lib/api.ts";
import { plural } from "#lib/format.ts";
import { ForestCanvas } from "./canvas/forest-canvas.tsx";
import { FocusSearch } from "./focus-search.tsx";
import { useLineageState } from "./lineage-state.ts";
import { type ForestIndex, indexForest } from "./model/forest-index.ts";
import { ForestTree } from "./tree/forest-tree.tsx";

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

const VIEWS = [
  { value: "canvas", label: "Canvas", icon: <Network aria-hidden /> },
  { value: "tree", label: "Tree", icon: <ListTree aria-hidden /> },
] as const;

interface ForestViewProps {
  index: ForestIndex;
  scannedAt: string | undefined;
  problem: Problem | null;
  onRetry: () => void;
}

/** The forest in the view that was chosen. */
export function ForestView({ index, scannedAt, problem, onRetry }: ForestViewProps) {
  const state = useLineageState(index);
  const { view, setView, setFocus, expansion, lost } = state;
  const note = `${plural(index.nodes.length, "image")} in ${plural(index.roots.length, "tree")}`;

  return (
    <div className="flex h-full flex-col">
      <div className="flex flex-col gap-3 border-line border-b px-4 py-3 md:px-6">
        <PageHeader title="Lineage" note={note}>
          <ScanAge scannedAt={scannedAt} />
          <FocusSearch
            index={index}
            onChoose={(key) => {
              expansion.reveal(key);
              setFocus(key);
            }}
          />
          <Segmented label="View" value={view} onValueChange={setView} options={VIEWS} />
        </PageHeader>
        {problem !== null && scannedAt !== undefined && (
          <StaleNotice problem={problem} since={scannedAt} onRetry={onRetry} />
        )}
        {lost !== null && (
          <Callout kind="warn" title={<span className="font-mono text-xs">{lost}</span>}>
            There is no image of this name. It may have been renamed or removed.
          </Callout>
        )}
      </div>
      {view === "canvas" ? (
        <ForestCanvas index={index} state={state} />
      ) : (
        <ForestTree index={index} state={state} />
      )}
    </div>
  );
}

/** The forest before it has arrived. */
export function LineageSkeleton() {
  return (
    <div aria-busy="true" className="flex h-full flex-col">
      <span role="status" className="sr-only">
        Reading the forest
      </span>
      <div className="flex items-center gap-3 border-line border-b px-4 py-4 md:px-6">
        <Skeleton className="h-5 w-24" />
        <Skeleton className="ml-auto h-8 w-56" />
      </div>
      <div className="grid flex-1 content-center justify-start gap-3 px-8">
        {[0, 1, 2].map((row) => (
          <div key={row} className="flex items-center gap-16">
            <Skeleton className={row === 1 ? "h-13 w-54 rounded-lg" : "invisible h-13 w-54"} />
            <Skeleton className="h-13 w-54 rounded-lg" />
          </div>
        ))}
      </div>
    </div>
  );
}
