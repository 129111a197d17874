"use client";

import type { LineageNode } from "@coppice/server/router";
import { X } from "lucide-react";
import { StatusBadges, statusesOf } from "#components/image-status.tsx";
import { Button } from "#components/ui/button.tsx";
import { Bytes, FactList, SpecText } from "#components/values.tsx";
import { ActionButtons, ActionMenu } from "#features/actions/action-controls.tsx";
import { useImageActions } from "#features/actions/image-actions.ts";
import { plural } from "#lib/format.ts";

/** A summary of the selected image, with the actions on it. */
export function Inspector({ node, onClose }: { node: LineageNode; onClose: () => void }) {
  const { actionsFor } = useImageActions();
  const actions = actionsFor(node);
  const statuses = statusesOf(node);
  return (
    <aside
      aria-label="Selected image"
      className="absolute inset-x-3 bottom-3 z-10 rounded-xl bg-popup shadow-popup md:inset-x-auto md:top-3 md:right-3 md:bottom-auto md:w-72"
    >
      <header className="flex items-start gap-1 py-2.5 pr-2 pl-4">
        <h2 className="min-w-0 flex-1 pt-1 font-medium">
          <SpecText spec={node.spec} className="text-xs" />
        </h2>
        <ActionMenu actions={actions.filter(({ placement }) => placement === "menu")} label="More actions" />
        <Button variant="ghost" size="icon-sm" aria-label="Clear the selection" onClick={onClose}>
          <X aria-hidden />
        </Button>
      </header>
      <div className="flex flex-col gap-3 px-4 pb-4">
        {statuses.length > 0 && (
          <div className="flex flex-wrap gap-1">
            <StatusBadges statuses={statuses} />
          </div>
        )}
        {node.state === "ok" && (
          <FactList
            className="max-md:hidden"
            facts={[
              ["Size", <Bytes key="size" value={node.size} />],
              ["Depth", String(node.depth)],
              [
                "Parent",
                node.parentSnapshot === null ? (
                  "none"
                ) : (
                  <span key="parent" className="font-mono text-xs">
                    @{node.parentSnapshot}
                  </span>
                ),
              ],
              ["Snapshots", node.snapshots.length === 0 ? "none" : plural(node.snapshots.length, "snapshot")],
              ["Clones", dependents(node)],
            ]}
          />
        )}
        <div className="flex gap-2">
          <ActionButtons actions={actions} size="sm" className="flex-1" />
        </div>
      </div>
    </aside>
  );
}

function dependents({ childCount, descendantCount }: LineageNode): string {
  if (childCount === 0) return "none";
  if (descendantCount === childCount) return plural(childCount, "clone");
  return `${plural(childCount, "clone")}, ${plural(descendantCount, "descendant")}`;
}
