import { MiniMap } from "@xyflow/react";
import { marksOf } from "#lib/image/marks.ts";
import type { FlowNode } from "./flow-elements.ts";

function colour(node: FlowNode): string {
  if (node.type !== "image") return "transparent";
  const tone = marksOf(node.data.image)[0]?.tone;
  if (tone === "danger") return "var(--danger)";
  if (tone === "warn") return "var(--warn)";
  return "var(--line-strong)";
}

/** All of the canvas, small, with the part that is in sight. For the pointer only; keys have arrows and search. */
export function CanvasMap() {
  return (
    <MiniMap
      pannable
      zoomable
      nodeColor={colour}
      nodeBorderRadius={12}
      ariaLabel={null}
      aria-hidden
      className="hidden md:block"
      style={{ width: 176, height: 112 }}
    />
  );
}
