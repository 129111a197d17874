"use client";

import { Background, type EdgeTypes, type NodeTypes, ReactFlow } from "@xyflow/react";
import { useEffect, useMemo, useRef, useState } from "react";
import type { ForestIndex } from "../model/forest-index.ts";
import type { Placed } from "../model/layout.ts";
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
import { useCamera } from "./use-camera.ts";
import { useCanvasKeys } from "./use-canvas-keys.ts";
import { useCanvasModel } from "./use-canvas-model.ts";
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

  // What was opened or closed stays under the pointer while the rest makes room.
  const held = useRef<Placed | null>(null);
  const { find, hold, centre, fit, home } = camera;
  const actions = useMemo(() => {
    const keep = (id: string) => {
      held.current = find(id) ?? null;
    };
    return {
      toggle: (key: string) => {
        keep(key);
        expansion.toggle(key);
      },
      unfold: (parentKey: string) => {
        keep(parentKey);
        setFold(null);
        unfold(parentKey);
      },
    };
  }, [find, expansion, unfold]);
  useEffect(() => {
    const before = held.current;
    held.current = null;
    const after = before === null ? undefined : find(before.item.id);
    if (before !== null && after !== undefined) hold(before, after);
  }, [find, hold]);

  // The focus came from elsewhere (search, the address bar): go there.
  const seen = useRef<string | undefined>(undefined);
  const choose = (key: string) => {
    seen.current = key;
    setFold(null);
    expansion.reveal(key);
    setFocus(key);
  };
  useEffect(() => {
    if (focus === undefined || seen.current === focus.key) return;
    const first = seen.current === undefined;
    seen.current = focus.key;
    centre(focus.key, first ? 1 : undefined);
  }, [focus, centre]);

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
            minZoom={0.06}
            maxZoom={1.5}
            proOptions={{ hideAttribution: true }}
            onInit={() => focus === undefined && home()}
            onNodeMouseEnter={(_event, node) => hover(node.id)}
            onNodeMouseLeave={() => hover(null)}
            onNodeClick={(_event, node) => node.type === "image" && choose(node.id)}
          >
            <Background gap={24} size={1.5} color="var(--line)" />
            <CanvasMap />
            <CanvasControls onFit={fit} onCollapse={expansion.none} />
            <DetailLevel frame={frame} />
          </ReactFlow>
          {focus !== undefined && <Inspector node={focus} onClose={() => setFocus(null)} />}
          <CursorAnnouncement index={index} layout={layout} cursor={cursor} expanded={expansion.expanded} />
        </div>
      </CanvasActionsContext>
    </HighlightContext>
  );
}
