"use client";

import type { LineageNode } from "@coppice/server/router";
import { Background, type EdgeTypes, type NodeTypes, ReactFlow, ReactFlowProvider } from "@xyflow/react";
import { useCallback, useMemo, useRef, useState } from "react";
import { statusesOf } from "#components/image-status.tsx";
import { plural } from "#lib/format.ts";
import { canvasTree, FOLD_STEP, isFolded, SIBLINGS_SHOWN } from "../model/canvas-tree.ts";
import type { Expanded } from "../model/expansion.ts";
import type { ForestIndex } from "../model/forest-index.ts";
import { type CanvasLayout, layoutCanvas } from "../model/layout.ts";
import type { LineageState } from "../model/lineage-state.ts";
import { CanvasActionsContext, useBranchActions } from "./branches.ts";
import { useCamera, useFollowFocus } from "./camera.ts";
import { CanvasControls, CanvasMap, DetailLevel } from "./canvas-controls.tsx";
import { useCanvasKeys } from "./canvas-keys.ts";
import { FoldCard, ImageCard, LineageEdge, SnapshotChip } from "./cards.tsx";
import { type FlowNode, flowEdges, flowNodes } from "./flow-elements.ts";
import { Highlight, HighlightContext, useHighlight } from "./highlight.ts";
import { Inspector } from "./inspector.tsx";

/** The forest as a node graph, from left to right. */
export function ForestCanvas({ index, state }: { index: ForestIndex; state: LineageState }) {
  return (
    <ReactFlowProvider>
      <CanvasFlow index={index} state={state} />
    </ReactFlowProvider>
  );
}

const nodeTypes: NodeTypes = { image: ImageCard, snapshot: SnapshotChip, fold: FoldCard };
const edgeTypes: EdgeTypes = { lineage: LineageEdge };

/** The canvas, its controls and the inspector. */
function CanvasFlow({ index, state }: { index: ForestIndex; state: LineageState }) {
  const { focus, setFocus, expansion } = state;
  const { layout, nodes, edges, unfold } = useCanvasModel(index, expansion.expanded, focus?.key);
  const camera = useCamera(layout);
  const frame = useRef<HTMLDivElement>(null);
  const [highlight] = useState(() => new Highlight());
  const [fold, setFold] = useState<string | null>(null);
  const cursor = fold ?? focus?.key ?? null;
  const hover = useHighlight({ highlight, index, layout, cursor, frame });

  const actions = useBranchActions({ camera, toggle: expansion.toggle, unfold, setFold });
  const ignoreFocus = useFollowFocus(focus, camera.centre);
  const choose = (key: string) => {
    ignoreFocus(key);
    setFold(null);
    expansion.reveal(key);
    setFocus(key);
  };

  const onKeyDown = useCanvasKeys({ layout, camera, cursor, choose, setFold, actions, focus });

  return (
    <HighlightContext value={highlight}>
      <CanvasActionsContext value={actions}>
        <div ref={frame} className="group/canvas relative min-h-0 flex-1">
          <p id="canvas-keys" className="sr-only">
            The arrow keys move along the clones, Space expands or collapses a branch, Enter opens the image,
            F fits the view. The tree view shows the same images as a table.
          </p>
          <ReactFlow
            aria-label="Forest of clones"
            aria-describedby="canvas-keys"
            tabIndex={0}
            onKeyDown={onKeyDown}
            className="focus-visible:-outline-offset-2"
            nodes={nodes}
            edges={edges}
            nodeTypes={nodeTypes}
            edgeTypes={edgeTypes}
            onlyRenderVisibleElements
            nodesDraggable={false}
            nodesConnectable={false}
            nodesFocusable={false}
            edgesFocusable={false}
            elementsSelectable={false}
            disableKeyboardA11y
            deleteKeyCode={null}
            panOnScroll
            zoomOnDoubleClick={false}
            minZoom={0.1}
            maxZoom={1.5}
            proOptions={{ hideAttribution: true }}
            onInit={() => focus === undefined && camera.showStart()}
            onNodeMouseEnter={(_event, node) => hover(node.id)}
            onNodeMouseLeave={() => hover(null)}
            onNodeClick={(_event, node) => node.type === "image" && choose(node.id)}
          >
            <Background gap={24} size={1.5} color="var(--line)" />
            <CanvasMap />
            <CanvasControls onFit={camera.fit} onCollapse={expansion.none} />
            <DetailLevel frame={frame} />
          </ReactFlow>
          {focus !== undefined && <Inspector node={focus} onClose={() => setFocus(null)} />}
          <CursorAnnouncement index={index} layout={layout} cursor={cursor} expanded={expansion.expanded} />
        </div>
      </CanvasActionsContext>
    </HighlightContext>
  );
}

/** The layout of the visible part of the forest, as React Flow takes it. */
function useCanvasModel(index: ForestIndex, expanded: Expanded, focusKey: string | undefined) {
  const [shown, setShown] = useState<ReadonlyMap<string, number>>(new Map());
  // Selecting an image does not change the layout, unless the image is in a fold.
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

interface CursorAnnouncementProps {
  index: ForestIndex;
  layout: CanvasLayout;
  cursor: string | null;
  expanded: Expanded;
}

/** Announces the item under the cursor to screen readers. */
function CursorAnnouncement({ index, layout, cursor, expanded }: CursorAnnouncementProps) {
  const node = cursor === null ? undefined : index.byKey.get(cursor);
  const fold = node === undefined ? layout.placed.find(({ item }) => item.id === cursor)?.item : undefined;
  return (
    <p role="status" className="sr-only">
      {node !== undefined
        ? describe(node, index, expanded.has(node.key))
        : fold?.kind === "fold"
          ? `${plural(fold.count, "more image")}, collapsed. Press Space to show them.`
          : ""}
    </p>
  );
}

function describe(node: LineageNode, index: ForestIndex, open: boolean): string {
  const parent = node.parentKey === null ? undefined : index.byKey.get(node.parentKey);
  return [
    node.spec,
    parent === undefined ? "root" : `clone of ${parent.spec} at ${node.parentSnapshot}, depth ${node.depth}`,
    node.childCount === 0
      ? "no clones"
      : `${plural(node.childCount, "clone")}, ${open ? "expanded" : "collapsed"}`,
    ...statusesOf(node).map(({ label }) => label),
  ].join(", ");
}
