import { useCallback, useMemo, useRef, useState } from "react";
import { canvasTree, FOLD_STEP, isFolded, SIBLINGS_SHOWN } from "../model/canvas-tree.ts";
import type { Expanded } from "../model/expansion.ts";
import type { ForestIndex } from "../model/forest-index.ts";
import { layoutCanvas } from "../model/layout.ts";
import { type FlowNode, flowEdges, flowNodes } from "./flow-elements.ts";

/** What the canvas draws: the open part of the forest, laid out. */
export function useCanvasModel(index: ForestIndex, expanded: Expanded, focusKey: string | undefined) {
  const [shown, setShown] = useState<ReadonlyMap<string, number>>(new Map());
  // Moving the focus lays nothing out again, unless it was folded away.
  const unfoldedFor = focusKey !== undefined && isFolded(index, shown, focusKey) ? focusKey : undefined;
  const layout = useMemo(
    () => layoutCanvas(canvasTree(index, { expanded, shown, unfoldedFor })),
    [index, expanded, shown, unfoldedFor],
  );
  const before = useRef<FlowNode[]>([]);
  const nodes = useMemo(() => {
    before.current = flowNodes(layout, before.current);
    return before.current;
  }, [layout]);
  const edges = useMemo(() => flowEdges(layout), [layout]);
  const unfold = useCallback(
    (parentKey: string) =>
      setShown((map) => new Map(map).set(parentKey, (map.get(parentKey) ?? SIBLINGS_SHOWN) + FOLD_STEP)),
    [],
  );
  return { layout, nodes, edges, unfold };
}
