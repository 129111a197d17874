"use client";

import type { ImageDetail } from "@coppice/server/router";
import { Trash2 } from "lucide-react";
import Link from "next/link";
import { useState } from "react";
import { Button } from "#components/ui/button.tsx";
import { SpecText } from "#components/value/spec-text.tsx";
import { plural } from "#lib/format/count.ts";
import { imageRef } from "#lib/image-ref.ts";
import { imageLink } from "#lib/links.ts";

const STEP = 100;

/** Clones by the snapshot they hang on; a hundred at a time. */
export function FamilyChildren({ clones }: { clones: ImageDetail["children"] }) {
  const [limit, setLimit] = useState(STEP);
  if (clones.length === 0) return <p className="p-4 text-ink-3">Nothing was cloned from this image.</p>;
  const groups = Map.groupBy(clones.slice(0, limit), ({ snapshot }) => snapshot);
  return (
    <div className="max-h-[32rem] overflow-y-auto pb-2">
      {[...groups].map(([snapshot, members]) => (
        <section key={snapshot} aria-label={`Cloned from ${snapshot}`}>
          <h3 className="wrap-anywhere sticky top-0 bg-surface px-4 pt-2.5 pb-1 font-mono text-2xs text-ink-3">
            @{snapshot}
          </h3>
          <ul>
            {members.map((clone) => (
              <li key={clone.key}>
                <Link
                  href={imageLink(imageRef(clone))}
                  prefetch={false}
                  className="flex items-center gap-2 px-4 py-1 hover:bg-hover focus-visible:-outline-offset-2"
                >
                  <SpecText spec={clone.spec} className="text-xs" />
                  {clone.inTrash && (
                    <span className="flex items-center gap-1 text-2xs text-ink-3">
                      <Trash2 aria-hidden className="size-3" />
                      in trash
                    </span>
                  )}
                </Link>
              </li>
            ))}
          </ul>
        </section>
      ))}
      {clones.length > limit && (
        <Button
          size="sm"
          variant="ghost"
          className="mx-3 mt-1"
          onClick={() => setLimit((shown) => shown + STEP)}
        >
          Show {plural(Math.min(STEP, clones.length - limit), "more", "more")}
        </Button>
      )}
    </div>
  );
}
