import { MiniMap, Panel, useReactFlow, useStore } from "@xyflow/react";
import { FoldHorizontal, type LucideIcon, Maximize, ZoomIn, ZoomOut } from "lucide-react";
import { type RefObject, useEffect } from "react";
import { statusesOf } from "#components/image-status.tsx";
import { Button } from "#components/ui/button.tsx";
import { Tooltip } from "#components/ui/popover.tsx";
import type { FlowNode } from "./flow-elements.ts";

/** The buttons to zoom, to fit the view and to collapse all branches. */
export function CanvasControls({ onFit, onCollapse }: { onFit: () => void; onCollapse: () => void }) {
  const { zoomIn, zoomOut } = useReactFlow();
  return (
    <Panel
      position="bottom-left"
      className="max-md:top-0! max-md:bottom-auto! flex flex-col gap-px rounded-lg border border-line bg-surface p-0.5 shadow-card"
    >
      <Control icon={ZoomIn} label="Zoom in" onClick={() => void zoomIn()} />
      <Control icon={ZoomOut} label="Zoom out" onClick={() => void zoomOut()} />
      <Control icon={Maximize} label="Fit view (F)" onClick={onFit} />
      <Control icon={FoldHorizontal} label="Collapse all" onClick={onCollapse} />
    </Panel>
  );
}

function Control({ icon: Icon, label, onClick }: { icon: LucideIcon; label: string; onClick: () => void }) {
  return (
    <Tooltip label={label} side="right">
      <Button variant="ghost" size="icon-sm" aria-label={label} onClick={onClick}>
        <Icon aria-hidden />
      </Button>
    </Tooltip>
  );
}

function colour(node: FlowNode): string {
  if (node.type !== "image") return "transparent";
  const tone = statusesOf(node.data.image)[0]?.tone;
  if (tone === "danger") return "var(--danger)";
  if (tone === "warn") return "var(--warn)";
  return "var(--line-strong)";
}

/** A small map of the canvas. It is for pointer users; keyboard users have the arrow keys and the search. */
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

/** Below the first zoom cards show less text in a larger font, below the second one none. */
const NEAR = 0.6;
const MID = 0.3;

/** Sets the level of detail of all cards at once, as an attribute that their styles depend on. */
export function DetailLevel({ frame }: { frame: RefObject<HTMLDivElement | null> }) {
  const level = useStore(({ transform: [, , zoom] }) =>
    zoom >= NEAR ? "near" : zoom >= MID ? "mid" : "far",
  );
  useEffect(() => frame.current?.setAttribute("data-detail", level), [frame, level]);
  return null;
}
