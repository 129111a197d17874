"use client";

import type { ImageDetail } from "@coppice/server/router";
import { useQuery } from "@tanstack/react-query";
import { Camera } from "lucide-react";
import { parseAsArrayOf, parseAsBoolean, parseAsString, useQueryState } from "nuqs";
import { useCallback, useRef, useState } from "react";
import { EmptyState, ErrorState, ProblemCallout, StaleNotice } from "#components/state.tsx";
import { Segmented } from "#components/ui/form.tsx";
import { GridPart, useGridRows } from "#components/ui/grid.tsx";
import { Callout } from "#components/ui/panel.tsx";
import { Skeleton } from "#components/ui/progress.tsx";
import { Bytes } from "#components/values.tsx";
import { ActionButtons } from "#features/actions/action-controls.tsx";
import { useImageActions } from "#features/actions/image-actions.ts";
import { useCluster } from "#features/cluster/current-cluster.tsx";
import { ParentLink } from "#features/image/summary-tab.tsx";
import { toProblem, trpc } from "#lib/api.ts";
import { cn } from "#lib/cn.ts";
import { plural } from "#lib/format.ts";
import {
  barScale,
  type ChainPoint,
  comparisonOf,
  type PointSizes,
  pointKey,
  toggleSelected,
} from "./chain-model.ts";
import { CHAIN_ROW_HEIGHT, CHAIN_TRACKS, ChainRow } from "./chain-row.tsx";
import { useChainSizes, useRemembered } from "./chain-sizes.ts";
import { ComparePanel } from "./compare-panel.tsx";

const ACCURACIES = [
  { value: "estimated", label: "Estimated" },
  { value: "exact", label: "Exact" },
] as const;

/** The snapshots of an image on a rail, newest first, with what each holds, and what changed between any two. */
export function SnapshotChain({ image }: { image: ImageDetail }) {
  const chain = useQuery(trpc.chain.get.queryOptions({ cluster: useCluster(), image: image.key }));
  const { actionsFor } = useImageActions();
  const [selected, setSelected] = useQueryState("points", parseAsArrayOf(parseAsString).withDefault([]));
  const [exact, setExact] = useQueryState("exact", parseAsBoolean.withDefault(false));
  const problem = chain.isError ? toProblem(chain.error) : null;
  const points = chain.data?.points;
  const comparison = points === undefined ? null : comparisonOf(points, selected);
  const create = actionsFor(image).filter(({ id }) => id === "create-snapshot");

  if (image.state === "unreadable") {
    return <p className="text-ink-2">The snapshots are unknown because the image could not be read.</p>;
  }
  if (points === undefined) {
    if (problem === null) return <ChainSkeleton />;
    return (
      <ErrorState
        title="The snapshots could not be loaded"
        problem={problem}
        onRetry={() => void chain.refetch()}
      />
    );
  }
  const hasSnapshots = points.length > 1;
  return (
    <div className="flex flex-col gap-3">
      {problem !== null && (
        <StaleNotice
          problem={problem}
          since={new Date(chain.dataUpdatedAt).toISOString()}
          onRetry={() => void chain.refetch()}
        />
      )}
      {hasSnapshots && (
        <div className="flex flex-wrap items-center justify-between gap-2">
          <p className="text-ink-3 text-xs">
            {selected.length === 0
              ? "Select two points to see what changed between them."
              : comparison === null && "Select a second point to see what changed."}
          </p>
          <div className="flex items-center gap-2">
            <Segmented
              label="Sizes"
              value={exact ? "exact" : "estimated"}
              onValueChange={(value) => void setExact(value === "exact" ? true : null)}
              options={ACCURACIES}
            />
            <ActionButtons actions={create.map((action) => ({ ...action, placement: "button" }))} />
          </div>
        </div>
      )}
      {comparison !== null && (
        <ComparePanel image={image.key} comparison={comparison} onClear={() => void setSelected(null)} />
      )}
      <div className="overflow-hidden rounded-lg border border-line bg-surface shadow-card">
        <ChainGrid
          image={image}
          points={points}
          exact={exact}
          selected={selected}
          onSelectedChange={(next) => void setSelected(next.length === 0 ? null : next)}
        />
        {image.parent !== null && <Origin image={image} parent={image.parent} />}
        {!hasSnapshots && (
          <EmptyState
            icon={Camera}
            title="No snapshots"
            className="border-line border-t py-10"
            actions={
              <ActionButtons actions={create.map((action) => ({ ...action, placement: "primary" }))} />
            }
          >
            A snapshot keeps the state of the image at one moment. It takes no space until data is
            overwritten.
          </EmptyState>
        )}
      </div>
    </div>
  );
}

interface ChainGridProps {
  image: ImageDetail;
  points: readonly ChainPoint[];
  exact: boolean;
  selected: readonly string[];
  onSelectedChange: (selected: string[]) => void;
}

function ChainGrid({ image, points, exact, selected, onSelectedChange }: ChainGridProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const { actionsFor, runByKey } = useImageActions();
  const [currentKey, setCurrentKey] = useState("");
  const current = points.findIndex((point) => pointKey(point) === currentKey);

  const targetOf = useCallback(
    ({ id, snapshot }: ChainPoint) =>
      id === null || snapshot === null ? image : { ...image, snapshot: { ...snapshot, id } },
    [image],
  );
  const toggle = (point: ChainPoint) => onSelectedChange(toggleSelected(selected, pointKey(point)));
  const { virtualizer, cursor, onKeyDown } = useGridRows({
    count: points.length,
    rowHeight: CHAIN_ROW_HEIGHT,
    keyAt: (index) => points[index] && pointKey(points[index]),
    current,
    onCurrentChange: setCurrentKey,
    onRowKey: (event, element) => {
      const point = points[cursor];
      if (point === undefined) return false;
      if (event.key === " ") {
        toggle(point);
        return true;
      }
      if (event.key === "Escape" && selected.length > 0) {
        onSelectedChange([]);
        return true;
      }
      if (event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey)) {
        element.querySelector<HTMLElement>("[data-row-menu]")?.click();
        return true;
      }
      return runByKey(event, targetOf(point));
    },
    scroller,
  });

  const items = virtualizer.getVirtualItems();
  const measured = useChainSizes({
    image: image.key,
    points,
    first: virtualizer.range?.startIndex ?? 0,
    last: virtualizer.range?.endIndex ?? Math.min(points.length - 1, 15),
    exact,
  });
  const sizes = useRemembered(measured.sizes, `${image.key} ${exact}`);
  const scale = barScale(points, sizes);
  const chosen = points.flatMap((point, index) => (selected.includes(pointKey(point)) ? [index] : []));
  const [top = -1, bottom = -1] = chosen;

  return (
    <>
      <SizesNotice {...measured} points={points} sizes={sizes} exact={exact} />
      <div ref={scroller} className="max-h-[max(20rem,calc(100dvh-19rem))] overflow-y-auto overflow-x-hidden">
        <GridPart
          role="grid"
          aria-label="Snapshots, newest first"
          aria-multiselectable
          aria-rowcount={points.length + 1}
          aria-colcount={7}
          aria-busy={measured.isFetching}
        >
          <ChainHead />
          <GridPart
            role="rowgroup"
            className="relative"
            style={{ height: virtualizer.getTotalSize() }}
            onKeyDown={onKeyDown}
            onFocus={(event) => {
              const index = event.target.closest<HTMLElement>("[data-row]")?.dataset.row;
              const point = index === undefined ? undefined : points[Number(index)];
              if (point !== undefined && pointKey(point) !== currentKey) setCurrentKey(pointKey(point));
            }}
          >
            {items.map(({ index, start }) => {
              const point = points[index];
              if (point === undefined) return null;
              const key = pointKey(point);
              return (
                <ChainRow
                  key={key}
                  point={point}
                  sizes={sizes.get(key)}
                  scale={scale}
                  index={index}
                  start={start}
                  hasCursor={index === cursor}
                  selected={selected.includes(key)}
                  between={{
                    above: bottom >= 0 && index > top && index <= bottom,
                    below: bottom >= 0 && index >= top && index < bottom,
                  }}
                  below={index < points.length - 1 || image.parent !== null}
                  modifiedAt={image.modifiedAt}
                  actions={point.snapshot === null ? [] : actionsFor(targetOf(point))}
                  onToggle={() => toggle(point)}
                />
              );
            })}
          </GridPart>
        </GridPart>
      </div>
      <p role="status" className="sr-only">
        {plural(points.length - 1, "snapshot")}
      </p>
    </>
  );
}

function ChainHead() {
  const head = "px-1 font-medium text-ink-3 text-xs truncate";
  return (
    <GridPart
      role="row"
      aria-rowindex={1}
      className={cn(
        "sticky top-0 z-10 grid h-9 items-center border-line border-b bg-sunken pr-2",
        CHAIN_TRACKS,
      )}
    >
      <GridPart role="columnheader" aria-colindex={1}>
        <span className="sr-only">Compare</span>
      </GridPart>
      <GridPart role="columnheader" aria-colindex={2} className={head}>
        Snapshot
      </GridPart>
      <GridPart role="columnheader" aria-colindex={3} className={cn(head, "max-md:hidden")}>
        Created
      </GridPart>
      <GridPart
        role="columnheader"
        aria-colindex={4}
        title="All differences from the point before"
        className={cn(head, "max-md:text-right md:pl-[1.1rem]")}
      >
        Changed
      </GridPart>
      <GridPart
        role="columnheader"
        aria-colindex={5}
        title="What removing only this snapshot would free"
        className={cn(head, "text-right max-md:hidden")}
      >
        Frees
      </GridPart>
      <GridPart role="columnheader" aria-colindex={6} className={cn(head, "px-2 max-md:hidden")}>
        Clones
      </GridPart>
      <GridPart role="columnheader" aria-colindex={7}>
        <span className="sr-only">Actions</span>
      </GridPart>
    </GridPart>
  );
}

/** Why sizes are missing, and what to do about it. */
function SizesNotice({
  objectMaps,
  problem,
  sizes,
  exact,
}: Pick<ReturnType<typeof useChainSizes>, "objectMaps" | "problem"> & {
  points: readonly ChainPoint[];
  sizes: ReadonlyMap<string, PointSizes>;
  exact: boolean;
}) {
  const missing = [...sizes.values()].some(({ delta }) => delta === null);
  return (
    <>
      {problem !== null && (
        <div className="p-3">
          <ProblemCallout problem={problem} />
        </div>
      )}
      {!exact && missing && objectMaps !== null && objectMaps.state !== "valid" && (
        <Callout kind="warn" title="Some sizes cannot be estimated from the object maps." className="m-3">
          {objectMaps.remedy} Exact sizes do not need them.
        </Callout>
      )}
    </>
  );
}

/** The snapshot of the parent from which the image was cloned: where the rail begins. */
function Origin({ image, parent }: { image: ImageDetail; parent: NonNullable<ImageDetail["parent"]> }) {
  return (
    <div className="relative flex min-h-11 flex-wrap items-center gap-x-2 border-line border-t bg-sunken py-2 pr-3 pl-16 text-xs">
      <span aria-hidden className="absolute inset-y-0 left-9 w-4">
        <span className="absolute top-0 left-[7px] h-1/2 w-0.5 bg-line-strong" />
        <span className="absolute top-1/2 left-0.5 size-3 -translate-y-1/2 rounded-[3px] border-2 border-line-strong bg-surface" />
      </span>
      <span className="text-ink-3">Cloned from</span>
      <ParentLink image={image} parent={parent} />
      <span className="ml-auto text-ink-3">
        <Bytes value={parent.overlap} /> overlap
      </span>
    </div>
  );
}

function ChainSkeleton() {
  return (
    <div aria-busy="true" className="rounded-lg border border-line bg-surface shadow-card">
      <span role="status" className="sr-only">
        Loading the snapshots
      </span>
      <div className="h-9 border-line border-b bg-sunken" />
      {Array.from({ length: 8 }, (_, index) => (
        <div key={index} className="flex h-11 items-center gap-6 border-line border-b px-4 last:border-b-0">
          <Skeleton className="size-3.5 rounded-full" />
          <Skeleton className="w-48" />
          <Skeleton className="ml-auto w-16" />
          <Skeleton className="hidden w-24 md:block" />
        </div>
      ))}
    </div>
  );
}
