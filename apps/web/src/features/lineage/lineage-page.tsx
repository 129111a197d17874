"use client";

import type { LineageNode } from "@coppice/server/router";
import { useQuery } from "@tanstack/react-query";
import { ListTree, Network, Sprout } from "lucide-react";
import { useDeferredValue, useMemo, useRef, useState } from "react";
import { PageHeader } from "#components/page.tsx";
import { EmptyState, ErrorState, StaleNotice } from "#components/state.tsx";
import { ButtonLink } from "#components/ui/button.tsx";
import { Combobox } from "#components/ui/combobox.tsx";
import { Segmented } from "#components/ui/form.tsx";
import { Callout } from "#components/ui/panel.tsx";
import { Skeleton } from "#components/ui/progress.tsx";
import { SpecText } from "#components/values.tsx";
import { usePageTarget } from "#features/actions/image-actions.ts";
import { useCluster, useLinks } from "#features/cluster/current-cluster.tsx";
import { InventoryAge } from "#features/cluster/inventory.tsx";
import { type Problem, toProblem, trpc } from "#lib/api.ts";
import { plural } from "#lib/format.ts";
import { usePageSearch } from "#lib/keyboard.ts";
import { ForestCanvas } from "./canvas/forest-canvas.tsx";
import { ForestTree } from "./forest-tree.tsx";
import { type ForestIndex, indexForest, searchNodes } from "./model/forest-index.ts";
import { useLineageState } from "./model/lineage-state.ts";

/** The forest of clones, as a canvas and as a tree. */
export function LineagePage() {
  const links = useLinks();
  const forest = useQuery(trpc.lineage.forest.queryOptions({ cluster: useCluster() }));
  const nodes = forest.data?.nodes;
  const index = useMemo(() => (nodes === undefined ? undefined : indexForest(nodes)), [nodes]);
  const problem = forest.isError ? toProblem(forest.error) : null;

  if (index === undefined) {
    if (problem === null) return <LineageSkeleton />;
    return (
      <ErrorState
        heading="h1"
        title="The lineage could not be loaded"
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
        title="No images yet"
        actions={<ButtonLink href={links.images()}>Go to the images</ButtonLink>}
      >
        This cluster has no images. Images and their clones appear here as soon as they are created.
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

/** The page header, and the forest in the chosen view. */
function ForestView({ index, scannedAt, problem, onRetry }: ForestViewProps) {
  const state = useLineageState(index);
  const { view, setView, focus, setFocus, expansion, notFound } = state;
  usePageTarget(focus);
  const note = `${plural(index.nodes.length, "image")} in ${plural(index.roots.length, "tree")}`;

  return (
    <div className="flex h-full flex-col">
      <div className="flex flex-col gap-3 border-line border-b px-4 py-3 md:px-6">
        <PageHeader title="Lineage" note={note}>
          <InventoryAge scannedAt={scannedAt} />
          <ImageSearch
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
        {notFound !== null && (
          <Callout kind="warn" title={<span className="font-mono text-xs">{notFound}</span>}>
            There is no image with this name. It may have been renamed or removed.
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

/** The page before the forest has been loaded. */
function LineageSkeleton() {
  return (
    <div aria-busy="true" className="flex h-full flex-col">
      <span role="status" className="sr-only">
        Loading the lineage
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

const MAX_MATCHES = 30;

/** Finds an image in the forest. */
function ImageSearch({ index, onChoose }: { index: ForestIndex; onChoose: (key: string) => void }) {
  const input = useRef<HTMLInputElement>(null);
  usePageSearch(input);
  const [text, setText] = useState("");
  const search = useDeferredValue(text);
  const matches = useMemo(() => searchNodes(index.nodes, search, MAX_MATCHES), [index, search]);

  return (
    <Combobox<LineageNode>
      look="search"
      className="w-40 sm:w-56"
      aria-label="Find an image in the lineage"
      placeholder="Find an image…"
      inputRef={input}
      items={matches}
      value={null}
      onValueChange={(node) => {
        if (node === null) return;
        onChoose(node.key);
        setText("");
        input.current?.blur();
      }}
      text={text}
      onTextChange={setText}
      keyOf={({ key }) => key}
      textOf={({ spec }) => spec}
      empty={text.trim() === "" ? "Type any part of a name." : "No matching images."}
    >
      {({ spec, inTrash, depth }) => (
        <>
          <SpecText spec={spec} className="min-w-0 flex-1 text-xs" />
          {inTrash && <span className="text-2xs text-ink-3">in trash</span>}
          {depth > 0 && <span className="text-2xs text-ink-3">depth {depth}</span>}
        </>
      )}
    </Combobox>
  );
}
