"use client";

import { Background, type EdgeTypes, type NodeTypes, ReactFlow } from "@xyflow/react";
import { useRef, useState } from "react";
import type { ForestIndex } from "../model/forest-index.ts";
import type { LineageState } from "../use-lineage-state.ts";
import { CanvasActionsContext } from "./canvas-actions.ts";
import { CanvasControls } from "./canvas-controls.tsx";
import { CanvasMap } from "./canvas-map.tsx";
import { CursorAnnouncement } from "./cursor-announcement.tsx";
import { DetailLevel } from "./detail-level.tsx";
import { FoldCard } from "./fold-card.tsx";
import { Highlight, HighlightContext } from "./highlight.ts";
import { ImageCard } from "./image-card.tsx";
import { Inspector } from "./inspector.tsx";
import { LineageEdge } from "./lineage-edge.tsx";
import { SnapshotChip } from "./snapshot-chip.tsx";
import { useBranchActions } from "./use-branch-actions.ts";
import { useCamera } from "./use-camera.ts";
import { useCanvasKeys } from "./use-canvas-keys.ts";
import { useCanvasModel } from "./use-canvas-model.ts";
import { useFollowFocus } from "./use-follow-focus.ts";
import { useHighlight } from "./use-highlight.ts";

const nodeTypes: NodeTypes = { image: ImageCard, snapshot: SnapshotChip, fold: FoldCard };
const edgeTypes: EdgeTypes = { lineage: LineageEdge };

/** The canvas with what lies on it. */
export function CanvasFlow({ index, state }: { index: ForestIndex; state: LineageState }) {
  const { focus, setFocus, expansion } = state;
  const { layout, nodes, edges, unfold } = useCanvasModel(index, expansion.expanded, focus?.key);
  const camera = useCamera(layout);
  const frame = useRef<HTMLDivElement>(null);
  const [highlight] = useState(() => new Highlight());
  const [fold, setFold] = useState<string | null>(null);
  const cursor = fold ?? focus?.key ?? null;
  const hover = useHighlight({ highlight, index, layout, cursor, frame });

  const actions = useBranchActions({ camera, toggle: expansion.toggle, unfold, setFold });
  const arrivedAt = useFollowFocus(focus, camera.centre);
  const choose = (key: string) => {
    arrivedAt(key);
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
            Arrow keys walk along the clones, Space opens a branch, Enter opens the image, F fits everything.
            The tree view has the same as a table.
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
            onInit={() => focus === undefined && camera.home()}
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
