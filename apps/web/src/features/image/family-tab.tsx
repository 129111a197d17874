"use client";

import type { ImageDetail } from "@coppice/server/router";
import { CornerDownRight, Network, Sprout, Trash2 } from "lucide-react";
import Link from "next/link";
import { useState } from "react";
import { EmptyState } from "#components/state.tsx";
import { Button, ButtonLink } from "#components/ui/button.tsx";
import { Panel } from "#components/ui/panel.tsx";
import { SpecText } from "#components/values.tsx";
import { plural } from "#lib/format.ts";
import { imageLink, imageRef, lineageLink } from "#lib/links.ts";

/** Where an image comes from and what came of it. */
export function FamilyTab({ image }: { image: ImageDetail }) {
  const { ancestors, children } = image;
  if (image.state === "unreadable" && children.length === 0) {
    return <p className="text-ink-2">The family is not known: this image could not be read.</p>;
  }
  if (ancestors.length === 0 && children.length === 0) {
    return (
      <div className="rounded-lg border border-line bg-surface shadow-card">
        <EmptyState icon={Sprout} title="It has no family">
          This image is not a clone, and nothing was cloned from it.
        </EmptyState>
      </div>
    );
  }
  return (
    <div className="grid items-start gap-4 lg:grid-cols-2">
      <Panel
        title={ancestors.length === 0 ? "Root of its tree" : `${plural(ancestors.length, "image")} above it`}
        aside={
          <ButtonLink href={lineageLink(imageRef(image))} size="sm" variant="ghost">
            <Network aria-hidden />
            Show in lineage
          </ButtonLink>
        }
      >
        <FamilyLine image={image} />
      </Panel>
      <Panel title={plural(children.length, "clone")} aside={<Below image={image} />}>
        <FamilyChildren clones={children} />
      </Panel>
    </div>
  );
}

function Below({ image }: { image: ImageDetail }) {
  if (image.descendantCount <= image.children.length) return null;
  return (
    <span className="text-ink-3 text-xs tabular-nums">
      {plural(image.descendantCount, "image")} below in all
    </span>
  );
}

/** From the root down to the image, each step with the snapshot it hangs on. */
export function FamilyLine({ image }: { image: ImageDetail }) {
  return (
    <ol className="py-2">
      {image.ancestors.map(({ key, spec, snapshot }, depth) => (
        <li key={key}>
          <div className="flex items-center gap-2 px-4 py-1" style={{ paddingLeft: `${1 + depth}rem` }}>
            {depth > 0 && <CornerDownRight aria-hidden className="size-3.5 shrink-0 text-ink-3" />}
            <Link href={imageLink(key)} className="min-w-0 rounded-sm hover:underline">
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
