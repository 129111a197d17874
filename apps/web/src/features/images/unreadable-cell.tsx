import type { RowError } from "@coppice/server/router";
import { CircleAlert } from "lucide-react";
import { GridPart } from "#components/ui/grid-part.tsx";
import { Tooltip } from "#components/ui/tooltip.tsx";

/** Why an image could not be read, across the columns it has no values for. */
export function UnreadableCell({ error, span }: { error: RowError | undefined; span: number }) {
  if (span < 1) return null;
  const text =
    error === undefined ? "It could not be read." : [error.message, error.hint].filter(Boolean).join(" ");
  return (
    <Tooltip label={text}>
      <GridPart
        role="gridcell"
        aria-colindex={2}
        aria-colspan={span}
        className="flex min-w-0 items-center gap-1.5 px-2 text-danger"
        style={{ gridColumn: `span ${span}` }}
      >
        <CircleAlert aria-hidden className="size-4 shrink-0" />
        <span className="truncate">{text}</span>
        {error !== undefined && (
          <span className="hidden shrink-0 font-mono text-2xs lg:inline">{error.code}</span>
        )}
      </GridPart>
    </Tooltip>
  );
}
