"use client";

import type { ImageDetail } from "@coppice/server/router";
import Link from "next/link";
import { CopyButton } from "#components/ui/button.tsx";
import { Badge, Panel } from "#components/ui/panel.tsx";
import { Bytes, FactList, SpecText, Time } from "#components/values.tsx";
import { useLinks } from "#features/cluster/current-cluster.tsx";
import { exactBytes, formatCount, formatPercent, plural } from "#lib/format.ts";

/** The properties of an image. */
export function SummaryTab({ image }: { image: ImageDetail }) {
  if (image.state === "unreadable") {
    return <p className="text-ink-2">The properties are unknown because the image could not be read.</p>;
  }
  return (
    <div className="grid items-start gap-4 lg:grid-cols-2">
      <div className="grid gap-4">
        <Panel title="Image">
          <FactList
            className="p-4"
            facts={[
              ["Size", <Size key="size" bytes={image.size} />],
              [
                "Objects",
                <span key="objects">
                  {formatCount(Math.ceil(image.size / image.objectSize))} × <Bytes value={image.objectSize} />
                </span>,
              ],
              [
                "Striping",
                image.stripeCount === 1 ? (
                  "none"
                ) : (
                  <span key="striping">
                    stripe count {image.stripeCount}, stripe unit <Bytes value={image.stripeUnit} />
                  </span>
                ),
              ],
              [
                "Data pool",
                image.dataPool === null ? "same pool" : <Mono key="pool" text={image.dataPool} />,
              ],
              [
                "Created",
                image.createdAt === null ? "–" : <Time key="created" at={image.createdAt} show="both" />,
              ],
              [
                "Modified",
                image.modifiedAt === null ? "–" : <Time key="modified" at={image.modifiedAt} show="both" />,
              ],
              [
                "ID",
                image.id === null ? (
                  "–"
                ) : (
                  <span key="id" className="flex items-center gap-1">
                    <Mono text={image.id} />
                    <CopyButton text={image.id} label="Copy the ID" />
                  </span>
                ),
              ],
            ]}
          />
        </Panel>
        <Panel title="Features">
          <div className="flex flex-col gap-3 p-4">
            {image.features.length === 0 && <p className="text-ink-3">none</p>}
            <Words words={image.features} />
            {image.flags.length > 0 && (
              <div>
                <p className="mb-1 text-ink-3 text-xs">Flags</p>
                <Words words={image.flags} tone="warn" />
              </div>
            )}
          </div>
        </Panel>
      </div>
      <div className="grid gap-4">
        <ParentPanel image={image} />
        <Panel title="Dependents">
          <FactList
            className="p-4"
            facts={[
              ["Snapshots", plural(image.snapshots.length, "snapshot")],
              ["Clones", plural(image.childCount, "clone")],
              ["Descendants", plural(image.descendantCount, "image")],
            ]}
          />
        </Panel>
      </div>
    </div>
  );
}

function Size({ bytes }: { bytes: number }) {
  return (
    <span>
      <Bytes value={bytes} className="font-medium" />{" "}
      <span className="text-ink-3 tabular-nums">· {exactBytes(bytes)}</span>
    </span>
  );
}

function Mono({ text }: { text: string }) {
  return <span className="font-mono text-xs">{text}</span>;
}

function Words({ words, tone = "neutral" }: { words: readonly string[]; tone?: "neutral" | "warn" }) {
  return (
    <ul className="flex flex-wrap gap-1">
      {words.map((word) => (
        <li key={word}>
          <Badge tone={tone} className="font-mono">
            {word}
          </Badge>
        </li>
      ))}
    </ul>
  );
}

/** The parent of an image, and its time in the trash. */
function ParentPanel({ image }: { image: ImageDetail }) {
  const { parent, trash } = image;
  return (
    <Panel title="Parent">
      <FactList
        className="p-4"
        facts={[
          ["Parent", parent === null ? "None" : <ParentLink key="parent" image={image} parent={parent} />],
          ...(parent === null
            ? []
            : ([
                [
                  "Overlap",
                  <span key="overlap">
                    <Bytes value={parent.overlap} />{" "}
                    <span className="text-ink-3">
                      · {formatPercent(parent.overlap, image.size)} of the image
                    </span>
                  </span>,
                ],
                ["Depth", plural(image.depth, "ancestor")],
              ] as const)),
          ...(trash === null
            ? []
            : ([
                ["Moved to trash", <Time key="deleted" at={trash.deletedAt} show="both" />],
                ["Deferment ends", <Time key="deferred" at={trash.deferredUntil} show="both" />],
              ] as const)),
        ]}
      />
    </Panel>
  );
}

/** The snapshot of the parent as a link to the parent; as text when the parent is not in the inventory. */
export function ParentLink({
  image,
  parent,
}: {
  image: ImageDetail;
  parent: NonNullable<ImageDetail["parent"]>;
}) {
  const links = useLinks();
  const key = image.ancestors.at(-1)?.key;
  const text = <SpecText spec={`${parent.spec}@${parent.snapshot}`} className="text-xs" />;
  return (
    <span>
      {key === undefined ? (
        text
      ) : (
        <Link href={links.image(key)} className="rounded-sm hover:underline">
          {text}
        </Link>
      )}
      {parent.inTrash && <span className="text-warn"> (in trash)</span>}
    </span>
  );
}
