"use client";

import { Trash2 } from "lucide-react";
import Link from "next/link";
import { useState } from "react";
import { SpecText } from "#components/value/spec-text.tsx";
import { formatCount, plural } from "#lib/format/count.ts";
import { imageLink } from "#lib/links.ts";
import type { RailClone } from "./rail-snapshots.ts";

const SHOWN_AT_FIRST = 6;

/** The clones of a snapshot as they branch off the rail. */
export function SnapshotClones({ clones, snapshot }: { clones: readonly RailClone[]; snapshot: string }) {
  const [all, setAll] = useState(false);
  const shown = all ? clones : clones.slice(0, SHOWN_AT_FIRST);
  const more = clones.length - shown.length;
  return (
    <div className="relative mt-1 mb-1 ml-2">
      {/* From the rail, which is 29 px to the left, to the first clone. */}
      <span
        aria-hidden
        className="absolute -top-2 -left-[29px] h-5 w-6 rounded-bl-lg border-brand border-b-2 border-l-2"
      />
      <ul aria-label={`${plural(clones.length, "clone")} of ${snapshot}`} className="flex flex-wrap gap-1.5">
        {shown.map(({ ref, spec, inTrash }) => (
          <li key={ref}>
            <Link
              href={imageLink(ref)}
              prefetch={false}
              className="flex h-6 max-w-80 items-center gap-1.5 rounded-md border border-brand-line bg-brand-soft px-2 text-2xs hover:border-brand"
            >
              {inTrash && <Trash2 aria-label="In trash:" className="size-3 shrink-0 text-ink-3" />}
              <SpecText spec={spec} className="truncate" />
            </Link>
          </li>
        ))}
        {more > 0 && (
          <li>
            <button
              type="button"
              onClick={() => setAll(true)}
              className="h-6 rounded-md border border-line px-2 text-2xs text-ink-2 hover:bg-hover hover:text-ink"
            >
              and {formatCount(more)} more
            </button>
          </li>
        )}
      </ul>
    </div>
  );
}
