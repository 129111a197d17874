import type { ImageListRow } from "@coppice/server/router";
import Link from "next/link";
import { MarkBadges } from "#components/image/mark-badges.tsx";
import { marksOf } from "#lib/image/marks.ts";
import { imageRef } from "#lib/image-ref.ts";
import { imageLink } from "#lib/links.ts";
import { formatPlace } from "#lib/spec/image-spec.ts";

/** The image's name as a link; where the column of marks has no room, they stand here as icons. */
export function NameCell({ row }: { row: ImageListRow }) {
  return (
    <span className="flex min-w-0 items-center gap-2">
      <Link
        href={imageLink(imageRef(row))}
        prefetch={false}
        tabIndex={-1}
        title={row.spec}
        className="truncate rounded-sm font-medium font-mono text-xs hover:underline"
      >
        <span className="font-normal text-ink-3 group-data-[place=column]/table:hidden">
          {formatPlace(row.pool, row.namespace)}/
        </span>
        {row.name}
      </Link>
      <span className="flex shrink-0 gap-1 group-data-[marks=column]/table:hidden">
        <MarkBadges marks={marksOf(row)} spelled={0} />
      </span>
    </span>
  );
}
