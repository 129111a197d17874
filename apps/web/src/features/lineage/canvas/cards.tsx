import { type EdgeProps, Handle, type NodeProps, Position } from "@xyflow/react";
import { Camera, ChevronsUpDown, Layers, Minus, Plus } from "lucide-react";
import { memo } from "react";
import { type MarkLook, marksOf } from "#components/marks.tsx";
import { cn } from "#lib/cn.ts";
import { formatBytes, formatCount } from "#lib/format.ts";
import { formatPlace } from "#lib/spec.ts";
import { ROOTS } from "../model/canvas-tree.ts";
import { elbow } from "../model/layout.ts";
import { useCanvasActions } from "./branches.ts";
import type { FoldFlowNode, ImageFlowNode, SnapshotFlowNode } from "./flow-elements.ts";
import { useHasCursor, useIsLit } from "./highlight.ts";

const TINT: Record<MarkLook["tone"], string> = {
  danger: "border-danger-line bg-danger-soft",
  warn: "border-warn-line bg-warn-soft",
  info: "border-info-line bg-surface group-data-[detail=far]/canvas:bg-line-strong",
  neutral: "border-line-strong bg-sunken group-data-[detail=far]/canvas:bg-line-strong",
  brand: "border-line-strong bg-surface group-data-[detail=far]/canvas:bg-line-strong",
};

/** An image on the canvas. Its size is fixed; from afar it shows less. */
export const ImageCard = memo(function ImageCard({
  id,
  data: { image, expanded },
}: NodeProps<ImageFlowNode>) {
  const cursor = useHasCursor(id);
  const lit = useIsLit(id);
  const marks = marksOf(image);
  const [worst] = marks;
  return (
    <div
      data-lit={lit || undefined}
      title={image.spec}
      className={cn(
        "lineage-item relative flex size-full flex-col justify-center rounded-lg border px-3 group-data-[detail=near]/canvas:shadow-card",
        TINT[worst?.tone ?? "brand"],
        image.inTrash && "border-dashed",
        lit && "border-brand group-data-[detail=far]/canvas:bg-brand",
        cursor && "outline-2 outline-ring outline-offset-2",
      )}
    >
      <LineEnds />
      <div className="flex items-center gap-1.5 group-data-[detail=far]/canvas:justify-center">
        <span className="min-w-0 flex-1 truncate font-medium font-mono text-xs group-data-[detail=far]/canvas:hidden group-data-[detail=mid]/canvas:text-lg">
          {image.name}
        </span>
        {marks.map(({ label, icon: Icon, tone }) => (
          <Icon
            key={label}
            role="img"
            aria-label={label}
            className={cn(
              "size-3.5 shrink-0 group-data-[detail=far]/canvas:size-8 group-data-[detail=mid]/canvas:size-5",
              MARK_INK[tone],
            )}
          />
        ))}
      </div>
      <div className="flex items-center gap-1.5 text-2xs text-ink-3 tabular-nums group-not-data-[detail=near]/canvas:hidden">
        {image.depth > 0 && (
          <span className="flex items-center gap-0.5" title={`Depth ${image.depth}`}>
            <Layers aria-hidden className="size-3" />
            {image.depth}
          </span>
        )}
        <span className="truncate font-mono">{formatPlace(image.pool, image.namespace)}</span>
        {image.state === "ok" && <span className="shrink-0">· {formatBytes(image.size)}</span>}
      </div>
      {expanded !== null && <BranchButton image={image} expanded={expanded} />}
    </div>
  );
});

const MARK_INK: Record<MarkLook["tone"], string> = {
  danger: "text-danger",
  warn: "text-warn",
  info: "text-info",
  neutral: "text-ink-3",
  brand: "text-brand",
};

function BranchButton({ image, expanded }: { image: ImageFlowNode["data"]["image"]; expanded: boolean }) {
  const { toggle } = useCanvasActions();
  const Icon = expanded ? Minus : Plus;
  return (
    <button
      type="button"
      tabIndex={-1}
      aria-expanded={expanded}
      aria-label={`${expanded ? "Hide" : "Show"} the ${formatCount(image.childCount)} clones of ${image.name}`}
      onClick={(event) => {
        event.stopPropagation();
        toggle(image.key);
      }}
      onDoubleClick={(event) => event.stopPropagation()}
      className="nopan absolute top-1/2 -right-3 flex h-6 min-w-6 -translate-y-1/2 items-center justify-center gap-0.5 rounded-full border border-line-strong bg-surface px-1 font-medium text-2xs text-ink-2 tabular-nums shadow-card hover:border-brand hover:text-brand"
    >
      <Icon aria-hidden className="size-3" />
      {!expanded && formatCount(image.childCount)}
    </button>
  );
}

/** Siblings that are folded away. */
export const FoldCard = memo(function FoldCard({ id, data: { parentKey, count } }: NodeProps<FoldFlowNode>) {
  const { unfold } = useCanvasActions();
  const cursor = useHasCursor(id);
  const lit = useIsLit(id);
  return (
    <button
      type="button"
      tabIndex={-1}
      data-lit={lit || undefined}
      onClick={(event) => {
        event.stopPropagation();
        unfold(parentKey);
      }}
      className={cn(
        "lineage-item nopan flex size-full items-center justify-center gap-1 rounded-full border border-line-strong border-dashed bg-canvas font-medium text-ink-2 text-xs tabular-nums hover:border-brand hover:text-brand",
        lit && "border-brand",
        cursor && "outline-2 outline-ring outline-offset-2",
      )}
    >
      <LineEnds />
      <ChevronsUpDown aria-hidden className="size-3.5" />+{formatCount(count)}{" "}
      {parentKey === ROOTS ? "images" : "clones"}
    </button>
  );
});

/** The snapshot that the images to its right were cloned from. */
export const SnapshotChip = memo(function SnapshotChip({ id, data: { name } }: NodeProps<SnapshotFlowNode>) {
  const lit = useIsLit(id);
  return (
    <div className="relative flex size-full items-center justify-center">
      <LineEnds />
      <span
        aria-hidden
        data-lit={lit || undefined}
        className={cn(
          "lineage-item absolute -inset-x-px top-1/2 h-px -translate-y-1/2 bg-line-strong",
          lit && "h-0.5 bg-brand",
        )}
      />
      <span
        data-lit={lit || undefined}
        title={`Snapshot ${name}`}
        className={cn(
          "lineage-item relative flex h-full min-w-6 max-w-full items-center gap-1 rounded-full border border-line-strong bg-canvas px-2 font-mono text-2xs text-ink-2",
          lit && "border-brand text-brand",
        )}
      >
        <Camera aria-hidden className="size-3 shrink-0 group-data-[detail=near]/canvas:hidden" />
        <span className="truncate group-not-data-[detail=near]/canvas:hidden">@{name}</span>
      </span>
    </div>
  );
});

/** A line from what an image hangs on. Decorative: the tree says the same in words. */
export const LineageEdge = memo(function LineageEdge({
  source,
  target,
  sourceX,
  sourceY,
  targetX,
  targetY,
}: EdgeProps) {
  const sourceLit = useIsLit(source);
  const targetLit = useIsLit(target);
  const lit = sourceLit && targetLit;
  return (
    <path
      d={elbow(sourceX, sourceY, targetX, targetY, 8)}
      data-lit={lit || undefined}
      className={cn("lineage-line fill-none", lit ? "stroke-brand stroke-2" : "stroke-line-strong")}
    />
  );
});

/** Where lines end (left) and begin (right). React Flow reads their place from the document, so they have to be in it. */
export function LineEnds() {
  return (
    <>
      <Handle type="target" position={Position.Left} isConnectable={false} className="lineage-end" />
      <Handle type="source" position={Position.Right} isConnectable={false} className="lineage-end" />
    </>
  );
}
