"use client";

import type { LineageNode } from "@coppice/server/router";
import { Copy, SquareArrowOutUpRight, X } from "lucide-react";
import { MarkBadges, marksOf } from "#components/marks.tsx";
import { Button, ButtonLink } from "#components/ui/button.tsx";
import { Bytes, FactList, SpecText } from "#components/values.tsx";
import { useCloneDialog } from "#features/clone/clone-dialog.tsx";
import { useMayOperate } from "#features/session/session.tsx";
import { plural } from "#lib/format.ts";
import { mayClone } from "#lib/image/may-clone.ts";
import { imageLink, imageRef } from "#lib/links.ts";

/** The image in focus, in short. */
export function Inspector({ node, onClose }: { node: LineageNode; onClose: () => void }) {
  const { openClone } = useCloneDialog();
  const mayOperate = useMayOperate();
  const marks = marksOf(node);
  return (
    <aside
      aria-label="Image in focus"
      className="absolute inset-x-3 bottom-3 z-10 rounded-xl bg-popup shadow-popup md:inset-x-auto md:top-3 md:right-3 md:bottom-auto md:w-72"
    >
      <header className="flex items-start gap-2 py-2.5 pr-2 pl-4">
        <h2 className="min-w-0 flex-1 pt-1 font-medium">
          <SpecText spec={node.spec} className="text-xs" />
        </h2>
        <Button variant="ghost" size="icon-sm" aria-label="Leave the focus" onClick={onClose}>
          <X aria-hidden />
        </Button>
      </header>
      <div className="flex flex-col gap-3 px-4 pb-4">
        {marks.length > 0 && (
          <div className="flex flex-wrap gap-1">
            <MarkBadges marks={marks} />
          </div>
        )}
        {node.state === "ok" && (
          <FactList
            className="max-md:hidden"
            facts={[
              ["Size", <Bytes key="size" value={node.size} />],
              ["Depth", node.depth === 0 ? "0: a root" : String(node.depth)],
              ...(node.parentSnapshot === null
                ? []
                : [
                    [
                      "Cloned from",
                      <span key="from" className="font-mono text-xs">
                        @{node.parentSnapshot}
                      </span>,
                    ] as const,
                  ]),
              ["Snapshots", node.snapshots.length === 0 ? "none" : plural(node.snapshots.length, "snapshot")],
              ["Clones", below(node)],
            ]}
          />
        )}
        <div className="flex gap-2">
          <ButtonLink href={imageLink(imageRef(node))} size="sm" className="flex-1">
            <SquareArrowOutUpRight aria-hidden />
            Open
          </ButtonLink>
          {mayOperate && mayClone(node) && (
            <Button size="sm" variant="primary" className="flex-1" onClick={() => openClone(node.spec)}>
              <Copy aria-hidden />
              Clone…
            </Button>
          )}
        </div>
      </div>
    </aside>
  );
}

function below({ childCount, descendantCount }: LineageNode): string {
  if (childCount === 0) return "none";
  if (descendantCount === childCount) return plural(childCount, "clone");
  return `${plural(childCount, "clone")}, ${plural(descendantCount, "image")} below in all`;
}
