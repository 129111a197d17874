import type { ImageDetail } from "@coppice/server/router";
import Link from "next/link";
import { CopyButton } from "#components/ui/button.tsx";
import { Badge, Panel } from "#components/ui/panel.tsx";
import { Bytes, FactList, SpecText, Time } from "#components/values.tsx";
import { exactBytes, formatCount, formatPercent, plural } from "#lib/format.ts";
import { imageLink } from "#lib/links.ts";

/** What an image is. */
export function SummaryTab({ image }: { image: ImageDetail }) {
  if (image.state === "unreadable") {
    return <p className="text-ink-2">Nothing more is known of this image: it could not be read.</p>;
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
                  {formatCount(Math.ceil(image.size / image.objectSize))} of{" "}
                  <Bytes value={image.objectSize} />
                </span>,
              ],
              [
                "Stripes",
                image.stripeCount === 1 ? (
                  "One object after the other"
                ) : (
                  <span key="stripes">
                    {image.stripeCount} objects, <Bytes value={image.stripeUnit} /> each turn
                  </span>
                ),
              ],
              ["Data pool", image.dataPool === null ? "Its own" : <Mono key="pool" text={image.dataPool} />],
              [
                "Created",
                image.createdAt === null ? "–" : <Time key="created" at={image.createdAt} show="both" />,
              ],
              [
                "Modified",
                image.modifiedAt === null ? "–" : <Time key="modified" at={image.modifiedAt} show="both" />,
              ],
              [
                "Id",
                image.id === null ? (
                  "–"
                ) : (
                  <span key="id" className="flex items-center gap-1">
                    <Mono text={image.id} />
                    <CopyButton text={image.id} label="Copy the id" />
                  </span>
                ),
              ],
            ]}
          />
        </Panel>
        <Panel title="Features">
          <div className="flex flex-col gap-3 p-4">
            <Words words={image.features} none="None" />
            {image.flags.length > 0 && (
              <div>
                <p className="mb-1 text-ink-3 text-xs">Flags</p>
                <Words words={image.flags} none="None" tone="warn" />
              </div>
            )}
          </div>
        </Panel>
      </div>
      <div className="grid gap-4">
        <OriginPanel image={image} />
        <Panel title="Held by it">
          <FactList
            className="p-4"
            facts={[
              ["Snapshots", plural(image.snapshots.length, "snapshot")],
              ["Clones", plural(image.childCount, "clone")],
              ["All below", plural(image.descendantCount, "image")],
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

function Words({ words, none, tone }: { words: readonly string[]; none: string; tone?: "warn" }) {
  if (words.length === 0) return <p className="text-ink-3">{none}</p>;
  return (
    <ul className="flex flex-wrap gap-1">
      {words.map((word) => (
        <li key={word}>
          <Badge tone={tone ?? "neutral"} className="font-mono">
            {word}
          </Badge>
        </li>
      ))}
    </ul>
  );
}

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
