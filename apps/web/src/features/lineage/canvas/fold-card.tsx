import type { NodeProps } from "@xyflow/react";
import { ChevronsUpDown } from "lucide-react";
import { memo } from "react";
import { cn } from "#lib/cn.ts";
import { formatCount } from "#lib/format/count.ts";
import { ROOTS } from "../model/canvas-tree.ts";
import { useCanvasActions } from "./canvas-actions.ts";
import type { FoldFlowNode } from "./flow-elements.ts";
import { useHasCursor, useIsLit } from "./highlight.ts";
import { LineEnds } from "./line-ends.tsx";

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
