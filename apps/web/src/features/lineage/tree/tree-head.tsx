import { FoldVertical, UnfoldVertical } from "lucide-react";
import { Button } from "#components/ui/button.tsx";
import { GridPart } from "#components/ui/grid-part.tsx";
import { cn } from "#lib/cn.ts";
import { FROM_LARGE, FROM_MEDIUM, TREE_TRACKS } from "./tree-style.ts";

const COLUMNS = [
  { title: "Image", style: "" },
  { title: "Cloned from", style: FROM_MEDIUM },
  { title: "Size", style: "justify-end" },
  { title: "Snapshots", style: cn("justify-end", FROM_MEDIUM) },
  { title: "Clones", style: "justify-end" },
  { title: "Marks", style: FROM_LARGE },
] as const;

/** Titles of the columns, and the buttons that open or close everything. */
export function TreeHead({
  onExpandAll,
  onCollapseAll,
}: {
  onExpandAll: () => void;
  onCollapseAll: () => void;
}) {
  return (
    <GridPart
      role="row"
      aria-rowindex={1}
      className={cn(
        TREE_TRACKS,
        "sticky top-0 z-10 h-9 items-center border-line border-b bg-sunken px-2 md:px-4",
      )}
    >
      {COLUMNS.map(({ title, style }, index) => (
        <GridPart
          key={title}
          role="columnheader"
          aria-colindex={index + 1}
          className={cn("flex items-center gap-1 px-2 font-medium text-ink-3 text-xs", style)}
        >
          {title}
          {index === 0 && (
            <span className="ml-2 flex">
              <Button
                variant="ghost"
                size="icon-sm"
                aria-label="Open all branches"
                title="Open all branches"
                onClick={onExpandAll}
              >
                <UnfoldVertical aria-hidden />
              </Button>
              <Button
                variant="ghost"
                size="icon-sm"
                aria-label="Close all branches"
                title="Close all branches"
                onClick={onCollapseAll}
              >
                <FoldVertical aria-hidden />
              </Button>
            </span>
          )}
        </GridPart>
      ))}
    </GridPart>
  );
}
