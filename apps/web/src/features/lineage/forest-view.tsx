"use client";

import { ListTree, Network } from "lucide-react";
import { PageHeader } from "#components/page-header.tsx";
import { StaleNotice } from "#components/state/stale-notice.tsx";
import { Callout } from "#components/ui/callout.tsx";
import { Segmented } from "#components/ui/segmented.tsx";
import { ScanAge } from "#features/cluster/scan-age.tsx";
import { plural } from "#lib/format/count.ts";
import type { Problem } from "#lib/problem.ts";
import { ForestCanvas } from "./canvas/forest-canvas.tsx";
import { FocusSearch } from "./focus-search.tsx";
import type { ForestIndex } from "./model/forest-index.ts";
import { ForestTree } from "./tree/forest-tree.tsx";
import { useLineageState } from "./use-lineage-state.ts";

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
