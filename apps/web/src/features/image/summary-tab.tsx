import type { ImageDetail } from "@coppice/server/router";
import { Badge } from "#components/ui/badge.tsx";
import { CopyButton } from "#components/ui/copy-button.tsx";
import { Panel } from "#components/ui/panel.tsx";
import { Bytes } from "#components/value/bytes.tsx";
import { FactList } from "#components/value/fact-list.tsx";
import { Time } from "#components/value/time.tsx";
import { exactBytes } from "#lib/format/bytes.ts";
import { formatCount, plural } from "#lib/format/count.ts";
import { OriginPanel } from "./origin-panel.tsx";

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
