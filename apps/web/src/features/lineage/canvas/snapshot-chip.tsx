import type { NodeProps } from "@xyflow/react";
import { Camera } from "lucide-react";
import { memo } from "react";
import { cn } from "#lib/cn.ts";
import type { SnapshotFlowNode } from "./flow-elements.ts";
import { useIsLit } from "./highlight.ts";
import { LineEnds } from "./line-ends.tsx";

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
