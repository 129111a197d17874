"use client";

import type { ImageDetail } from "@coppice/server/router";
import { Copy, Network } from "lucide-react";
import { Breadcrumbs } from "#components/breadcrumbs.tsx";
import { MarkBadges } from "#components/image/mark-badges.tsx";
import { Button } from "#components/ui/button.tsx";
import { ButtonLink } from "#components/ui/button-link.tsx";
import { Callout } from "#components/ui/callout.tsx";
import { CopyButton } from "#components/ui/copy-button.tsx";
import { SpecText } from "#components/value/spec-text.tsx";
import { useCloneDialog } from "#features/clone/use-clone-dialog.ts";
import { useMayOperate } from "#features/session/use-session.ts";
import { marksOf } from "#lib/image/marks.ts";
import { mayClone } from "#lib/image/may-clone.ts";
import { imageRef } from "#lib/image-ref.ts";
import { imageLink, lineageLink } from "#lib/links.ts";

/** Where the image comes from, its name, what is to be pointed out, and what can be done. */
export function ImageHeader({ image }: { image: ImageDetail }) {
  const { openClone } = useCloneDialog();
  const mayOperate = useMayOperate();
  const marks = marksOf(image);
  return (
    <header className="flex flex-col gap-2">
      <Breadcrumbs
        items={[
          { href: "/images/", label: "Images" },
          ...image.ancestors.map(({ key, spec, snapshot }) => ({
            href: imageLink(key),
            label: <SpecText spec={spec} />,
            note: snapshot,
          })),
        ]}
        current={<span className="font-mono">{image.name}</span>}
      />
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <h1 className="flex min-w-0 items-center gap-1 font-semibold text-lg tracking-tight">
          <SpecText spec={image.spec} />
          <CopyButton text={image.spec} label="Copy the image’s name" />
        </h1>
        {marks.length > 0 && (
          <span className="flex flex-wrap gap-1">
            <MarkBadges marks={marks} />
          </span>
        )}
        <div className="ml-auto flex gap-2">
          <ButtonLink href={lineageLink(imageRef(image))}>
            <Network aria-hidden />
            Lineage
          </ButtonLink>
          {mayOperate && mayClone(image) && (
            <Button variant="primary" onClick={() => openClone(image.spec)}>
              <Copy aria-hidden />
              Clone…
            </Button>
          )}
        </div>
      </div>
      {image.error !== undefined && (
        <Callout kind="danger" title={image.error.message}>
          {image.error.hint}
          <span className="mt-1 block font-mono text-2xs text-ink-3">{image.error.code}</span>
        </Callout>
      )}
    </header>
  );
}
