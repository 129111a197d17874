import type { ImageDetail } from "@coppice/server/router";
import { CornerDownRight } from "lucide-react";
import Link from "next/link";
import { SpecText } from "#components/value/spec-text.tsx";
import { imageLink } from "#lib/links.ts";

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
