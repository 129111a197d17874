import type { ImageDetail } from "@coppice/server/router";
import Link from "next/link";
import { Bytes } from "#components/value/bytes.tsx";
import { SpecText } from "#components/value/spec-text.tsx";
import { imageLink } from "#lib/links.ts";
import { Rail } from "./rail.tsx";
import { RailRow } from "./rail-row.tsx";

/** The parent's snapshot that all of it began with. */
export function OriginRow({
  image,
  parent,
}: {
  image: ImageDetail;
  parent: NonNullable<ImageDetail["parent"]>;
}) {
  const key = image.ancestors.at(-1)?.key;
  const text = <SpecText spec={`${parent.spec}@${parent.snapshot}`} className="text-xs" />;
  return (
    <RailRow
      rail={<Rail kind="origin" above below={false} />}
      name={
        <>
          <span className="text-ink-3">Cloned from</span>
          {key === undefined ? (
            text
          ) : (
            <Link href={imageLink(key)} className="rounded-sm hover:underline">
              {text}
            </Link>
          )}
        </>
      }
      time={null}
      size={
        <>
          <Bytes value={parent.overlap} />
          <span className="block text-2xs text-ink-3">shared at most</span>
        </>
      }
    />
  );
}
