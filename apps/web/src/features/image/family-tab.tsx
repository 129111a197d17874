"use client";

import type { ImageDetail } from "@coppice/server/router";
import { CornerDownRight, Sprout, Trash2 } from "lucide-react";
import Link from "next/link";
import { useState } from "react";
import { EmptyState } from "#components/state.tsx";
import { Button } from "#components/ui/button.tsx";
import { Panel } from "#components/ui/panel.tsx";
import { SpecText } from "#components/values.tsx";
import { useLinks } from "#features/cluster/current-cluster.tsx";
import { plural } from "#lib/format.ts";
import { imageRef } from "#lib/links.ts";

/** The ancestors and the clones of an image. */
export function FamilyTab({ image }: { image: ImageDetail }) {
  const { ancestors, children } = image;
  if (image.state === "unreadable" && children.length === 0) {
    return (
      <p className="text-ink-2">The ancestors and clones are unknown because the image could not be read.</p>
    );
  }
  if (ancestors.length === 0 && children.length === 0) {
    return (
      <div className="rounded-lg border border-line bg-surface shadow-card">
        <EmptyState icon={Sprout} title="No parent and no clones">
          This image is not a clone and has no clones.
        </EmptyState>
      </div>
    );
  }
  return (
    <div className="grid items-start gap-4 lg:grid-cols-2">
      <Panel title={ancestors.length === 0 ? "No parent" : plural(ancestors.length, "ancestor")}>
        <AncestorList image={image} />
      </Panel>
      <Panel title={plural(children.length, "clone")} aside={<DescendantCount image={image} />}>
        <CloneList clones={children} />
      </Panel>
    </div>
  );
}

function DescendantCount({ image }: { image: ImageDetail }) {
  if (image.descendantCount <= image.children.length) return null;
  return (
    <span className="text-ink-3 text-xs tabular-nums">
      {plural(image.descendantCount, "descendant")} in total
    </span>
  );
}

/** The ancestors from the root down to the image, each with the snapshot that the next one was cloned from. */
function AncestorList({ image }: { image: ImageDetail }) {
  const links = useLinks();
  return (
    <ol className="py-2">
      {image.ancestors.map(({ key, spec, snapshot }, depth) => (
        <li key={key}>
          <div className="flex items-center gap-2 px-4 py-1" style={{ paddingLeft: `${1 + depth}rem` }}>
            {depth > 0 && <CornerDownRight aria-hidden className="size-3.5 shrink-0 text-ink-3" />}
            <Link href={links.image(key)} className="min-w-0 rounded-sm hover:underline">
              <SpecText spec={spec} className="text-xs" />
            </Link>
            <span className="wrap-anywhere font-mono text-2xs text-ink-3">@{snapshot}</span>
          </div>
        </li>
      ))}
      <li
        aria-current="true"
        className="flex items-center gap-2 bg-brand-soft py-1.5 pr-4"
        style={{ paddingLeft: `${1 + image.ancestors.length}rem` }}
      >
        {image.ancestors.length > 0 && (
          <CornerDownRight aria-hidden className="size-3.5 shrink-0 text-brand" />
        )}
        <SpecText spec={image.spec} className="font-medium text-xs" />
      </li>
    </ol>
  );
}

const PAGE_SIZE = 100;

/** The clones by the snapshot that they were made from, one hundred at a time. */
function CloneList({ clones }: { clones: ImageDetail["children"] }) {
  const links = useLinks();
  const [limit, setLimit] = useState(PAGE_SIZE);
  if (clones.length === 0) return <p className="p-4 text-ink-3">This image has no clones.</p>;
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
                  href={links.image(imageRef(clone))}
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
          onClick={() => setLimit((shown) => shown + PAGE_SIZE)}
        >
          Show {plural(Math.min(PAGE_SIZE, clones.length - limit), "more", "more")}
        </Button>
      )}
    </div>
  );
}
