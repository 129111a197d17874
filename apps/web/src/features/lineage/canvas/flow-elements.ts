import type { LineageNode } from "@coppice/server/router";
import { type Edge, type Node, Position } from "@xyflow/react";
import type { CanvasLayout, Placed } from "../model/layout.ts";

export type ImageFlowNode = Node<{ image: LineageNode; expanded: boolean | null }, "image">;
export type SnapshotFlowNode = Node<{ name: string }, "snapshot">;
export type FoldFlowNode = Node<{ parentKey: string; count: number }, "fold">;
export type FlowNode = ImageFlowNode | SnapshotFlowNode | FoldFlowNode;

function flowNode({ item, x, y, width, height }: Placed): FlowNode {
  const shared = {
    id: item.id,
    position: { x, y },
    width,
    height,
    // Without fixed sizes React Flow would have to render every node to measure it.
    measured: { width, height },
    handles: [
      { type: "target" as const, position: Position.Left, x: 0, y: height / 2, width: 0, height: 0 },
      { type: "source" as const, position: Position.Right, x: width, y: height / 2, width: 0, height: 0 },
    ],
  };
  if (item.kind === "image")
    return { ...shared, type: "image", data: { image: item.node, expanded: item.expanded } };
  if (item.kind === "snapshot") return { ...shared, type: "snapshot", data: { name: item.name } };
  return { ...shared, type: "fold", data: { parentKey: item.parentKey, count: item.count } };
}

/** Whether two nodes look the same. */
function same(a: FlowNode, b: FlowNode): boolean {
  if (a.type !== b.type || a.position.x !== b.position.x || a.position.y !== b.position.y) return false;
  if (a.type === "image" && b.type === "image")
    return a.data.image === b.data.image && a.data.expanded === b.data.expanded;
  if (a.type === "fold" && b.type === "fold") return a.data.count === b.data.count;
  return true;
}

/** The nodes of the layout for React Flow. Unchanged nodes stay the same objects, so that they are not rendered again. */
export function flowNodes(layout: CanvasLayout, before: readonly FlowNode[]): FlowNode[] {
  const known = new Map(before.map((node) => [node.id, node]));
  return layout.placed.map((placed) => {
    const next = flowNode(placed);
    const old = known.get(next.id);
    return old !== undefined && same(old, next) ? old : next;
  });
}

/** The lines of the layout for React Flow. */
export function flowEdges({ links }: CanvasLayout): Edge[] {
  return links.map((link) => ({ ...link, type: "lineage" }));
}
