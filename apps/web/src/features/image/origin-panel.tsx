import type { ImageDetail } from "@coppice/server/router";
import Link from "next/link";
import { Panel } from "#components/ui/panel.tsx";
import { Bytes } from "#components/value/bytes.tsx";
import { FactList } from "#components/value/fact-list.tsx";
import { SpecText } from "#components/value/spec-text.tsx";
import { Time } from "#components/value/time.tsx";
import { formatPercent, plural } from "#lib/format/count.ts";
import { imageLink } from "#lib/links.ts";

/** What an image was cloned from, and whether it is in the trash. */
export function OriginPanel({ image }: { image: ImageDetail }) {
  const { parent, trash } = image;
  const parentKey = image.ancestors.at(-1)?.key;
  return (
    <Panel title="Origin">
      <FactList
        className="p-4"
        facts={[
          [
            "Parent",
            parent === null ? (
              "None: it stands by itself"
            ) : (
              <span key="parent">
                {parentKey === undefined ? (
                  <SpecText spec={`${parent.spec}@${parent.snapshot}`} className="text-xs" />
                ) : (
                  <Link href={imageLink(parentKey)} className="rounded-sm hover:underline">
                    <SpecText spec={`${parent.spec}@${parent.snapshot}`} className="text-xs" />
                  </Link>
                )}
                {parent.inTrash && <span className="text-warn"> (in trash)</span>}
              </span>
            ),
          ],
          ...(parent === null
            ? []
            : ([
                [
                  "Overlap",
                  <span key="overlap">
                    <Bytes value={parent.overlap} />{" "}
                    <span className="text-ink-3">
                      · {formatPercent(parent.overlap, image.size)} can still be read through the parent
                    </span>
                  </span>,
                ],
                ["Depth", `${plural(image.depth, "image")} above it`],
              ] as const)),
          ...(trash === null
            ? []
            : ([
                ["Moved to trash", <Time key="deleted" at={trash.deletedAt} show="both" />],
                ["Kept until", <Time key="deferred" at={trash.deferredUntil} show="both" />],
              ] as const)),
        ]}
      />
    </Panel>
  );
}
