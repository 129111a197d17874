import { Panel, useReactFlow } from "@xyflow/react";
import { FoldHorizontal, type LucideIcon, Maximize, ZoomIn, ZoomOut } from "lucide-react";
import { Button } from "#components/ui/button.tsx";
import { Tooltip } from "#components/ui/tooltip.tsx";

/** Zoom, fit and collapse. */
export function CanvasControls({ onFit, onCollapse }: { onFit: () => void; onCollapse: () => void }) {
  const { zoomIn, zoomOut } = useReactFlow();
  return (
    <Panel
      position="bottom-left"
      className="max-md:top-0! max-md:bottom-auto! flex flex-col gap-px rounded-lg border border-line bg-surface p-0.5 shadow-card"
    >
      <Control icon={ZoomIn} label="Zoom in" onClick={() => void zoomIn()} />
      <Control icon={ZoomOut} label="Zoom out" onClick={() => void zoomOut()} />
      <Control icon={Maximize} label="Fit everything (F)" onClick={onFit} />
      <Control icon={FoldHorizontal} label="Close all branches" onClick={onCollapse} />
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
