import type { EdgeProps } from "@xyflow/react";
import { memo } from "react";
import { cn } from "#lib/cn.ts";
import { elbow } from "../model/elbow.ts";
import { useIsLit } from "./highlight.ts";

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
