import type { ImageDetail } from "@coppice/server/router";
import { Network, Sprout } from "lucide-react";
import { EmptyState } from "#components/state/empty-state.tsx";
import { ButtonLink } from "#components/ui/button-link.tsx";
import { Panel } from "#components/ui/panel.tsx";
import { plural } from "#lib/format/count.ts";
import { imageRef } from "#lib/image-ref.ts";
import { lineageLink } from "#lib/links.ts";
import { FamilyChildren } from "./family-children.tsx";
import { FamilyLine } from "./family-line.tsx";

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
