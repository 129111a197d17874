import { type EdgeProps, Handle, type NodeProps, Position } from "@xyflow/react";
import { Camera, ChevronsUpDown, Layers, Minus, Plus } from "lucide-react";
import { memo } from "react";
import { type ImageStatus, statusesOf } from "#components/image-status.tsx";
import { cn } from "#lib/cn.ts";
import { formatBytes, formatCount } from "#lib/format.ts";
import { formatPoolSpec, visibleName } from "#lib/spec.ts";
import { ROOTS } from "../model/canvas-tree.ts";
import { elbow } from "../model/layout.ts";
import { useCanvasActions } from "./branches.ts";
import type { FoldFlowNode, ImageFlowNode, SnapshotFlowNode } from "./flow-elements.ts";
import { useHasCursor, useIsHighlighted } from "./highlight.ts";

const TINT: Record<ImageStatus["tone"], string> = {
  danger: "border-danger-line bg-danger-soft",
  warn: "border-warn-line bg-warn-soft",
  info: "border-info-line bg-surface group-data-[detail=far]/canvas:bg-line-strong",
  neutral: "border-line-strong bg-sunken group-data-[detail=far]/canvas:bg-line-strong",
  brand: "border-line-strong bg-surface group-data-[detail=far]/canvas:bg-line-strong",
};

/** An image on the canvas. The card has a fixed size and shows fewer details at a small zoom. */
export const ImageCard = memo(function ImageCard({
  id,
  data: { image, expanded },
}: NodeProps<ImageFlowNode>) {
  const cursor = useHasCursor(id);
  const highlighted = useIsHighlighted(id);
  const statuses = statusesOf(image);
  const [worst] = statuses;
  return (
    <div
      data-highlighted={highlighted || undefined}
      title={image.spec}
      className={cn(
        "lineage-item relative flex size-full flex-col justify-center rounded-lg border px-3 group-data-[detail=near]/canvas:shadow-card",
        TINT[worst?.tone ?? "brand"],
        image.inTrash && "border-dashed",
        highlighted && "border-brand group-data-[detail=far]/canvas:bg-brand",
        cursor && "outline-2 outline-ring outline-offset-2",
      )}
    >
      <LineEnds />
      <div className="flex items-center gap-1.5 group-data-[detail=far]/canvas:justify-center">
        <span className="min-w-0 flex-1 truncate font-medium font-mono text-xs group-data-[detail=far]/canvas:hidden group-data-[detail=mid]/canvas:text-lg">
          {visibleName(image.name)}
        </span>
        {statuses.map(({ label, icon: Icon, tone }) => (
          <Icon
            key={label}
            role="img"
            aria-label={label}
            className={cn(
              "size-3.5 shrink-0 group-data-[detail=far]/canvas:size-8 group-data-[detail=mid]/canvas:size-5",
              STATUS_INK[tone],
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
        <span className="truncate font-mono">{formatPoolSpec(image.pool, image.namespace)}</span>
        {image.state === "ok" && <span className="shrink-0">· {formatBytes(image.size)}</span>}
      </div>
      {expanded !== null && <BranchButton image={image} expanded={expanded} />}
    </div>
  );
});

const STATUS_INK: Record<ImageStatus["tone"], string> = {
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
      aria-label={`${expanded ? "Collapse" : "Expand"} the ${formatCount(image.childCount)} clones of ${visibleName(image.name)}`}
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

/** A group of siblings that are not shown. */
export const FoldCard = memo(function FoldCard({ id, data: { parentKey, count } }: NodeProps<FoldFlowNode>) {
  const { unfold } = useCanvasActions();
  const cursor = useHasCursor(id);
  const highlighted = useIsHighlighted(id);
  return (
    <button
      type="button"
      tabIndex={-1}
      data-highlighted={highlighted || undefined}
      onClick={(event) => {
        event.stopPropagation();
        unfold(parentKey);
      }}
      className={cn(
        "lineage-item nopan flex size-full items-center justify-center gap-1 rounded-full border border-line-strong border-dashed bg-canvas font-medium text-ink-2 text-xs tabular-nums hover:border-brand hover:text-brand",
        highlighted && "border-brand",
        cursor && "outline-2 outline-ring outline-offset-2",
      )}
    >
      <LineEnds />
      <ChevronsUpDown aria-hidden className="size-3.5" />+{formatCount(count)}{" "}
      {parentKey === ROOTS ? "images" : "clones"}
    </button>
  );
});

/** The snapshot from which the images to its right were cloned. */
export const SnapshotChip = memo(function SnapshotChip({ id, data: { name } }: NodeProps<SnapshotFlowNode>) {
  const highlighted = useIsHighlighted(id);
  return (
    <div className="relative flex size-full items-center justify-center">
      <LineEnds />
      <span
        aria-hidden
        data-highlighted={highlighted || undefined}
        className={cn(
          "lineage-item absolute -inset-x-px top-1/2 h-px -translate-y-1/2 bg-line-strong",
          highlighted && "h-0.5 bg-brand",
        )}
      />
      <span
        data-highlighted={highlighted || undefined}
        title={`Snapshot ${visibleName(name)}`}
        className={cn(
          "lineage-item relative flex h-full min-w-6 max-w-full items-center gap-1 rounded-full border border-line-strong bg-canvas px-2 font-mono text-2xs text-ink-2",
          highlighted && "border-brand text-brand",
        )}
      >
        <Camera aria-hidden className="size-3 shrink-0 group-data-[detail=near]/canvas:hidden" />
        <span className="truncate group-not-data-[detail=near]/canvas:hidden">@{visibleName(name)}</span>
      </span>
    </div>
  );
});

/** A line between a snapshot and an image. Decorative, because the tree view contains the same information as text. */
export const LineageEdge = memo(function LineageEdge({
  source,
  target,
  sourceX,
  sourceY,
  targetX,
  targetY,
}: EdgeProps) {
  const sourceHighlighted = useIsHighlighted(source);
  const targetHighlighted = useIsHighlighted(target);
  const highlighted = sourceHighlighted && targetHighlighted;
  return (
    <path
      d={elbow(sourceX, sourceY, targetX, targetY, 8)}
      data-highlighted={highlighted || undefined}
      className={cn("lineage-line fill-none", highlighted ? "stroke-brand stroke-2" : "stroke-line-strong")}
    />
  );
});

/** The ends of the lines at an item. React Flow reads their positions from the DOM. */
function LineEnds() {
  return (
    <>
      <Handle type="target" position={Position.Left} isConnectable={false} className="lineage-end" />
      <Handle type="source" position={Position.Right} isConnectable={false} className="lineage-end" />
    </>
  );
}
