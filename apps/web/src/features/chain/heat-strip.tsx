import type { ChangedView } from "@coppice/server/router";
import { Bytes } from "#components/values.tsx";
import { cn } from "#lib/cn.ts";
import { formatBytes } from "#lib/format.ts";
import { heatParts, heatSummary } from "./chain-model.ts";

/** The share of a part that changed, by its level: the height says it as well as the colour. */
const LEVEL_STYLE = [
  "h-0.5 bg-line-strong",
  "h-1/5 bg-brand/50",
  "h-2/5 bg-brand/60",
  "h-3/5 bg-brand/75",
  "h-4/5 bg-brand/90",
  "h-full bg-brand",
] as const;

/** What changed between two points: the image from its first to its last byte, and how much of each part changed. */
export function HeatStrip({
  changed: { strip, size, writtenBytes, discardedBytes },
}: {
  changed: ChangedView;
}) {
  const summary = heatSummary(strip);
  return (
    <figure className="min-w-0">
      <div
        role="img"
        aria-label={`Heat strip. ${summary}`}
        className="flex h-10 items-end overflow-hidden rounded border border-line bg-sunken"
      >
        {heatParts(strip, size).map(({ start, end, changed, level }) => (
          <span
            key={start}
            title={`${formatBytes(start)} to ${formatBytes(end)}: ${formatBytes(changed)} changed`}
            className="flex h-full min-w-0 flex-1 items-end hover:bg-hover"
          >
            <span className={cn("w-full", LEVEL_STYLE[level])} />
          </span>
        ))}
      </div>
      <div aria-hidden className="mt-0.5 flex justify-between text-2xs text-ink-3 tabular-nums">
        <span>0</span>
        <span>{formatBytes(size / 2)}</span>
        <span>{formatBytes(size)}</span>
      </div>
      <figcaption className="mt-1.5 flex flex-wrap gap-x-4 gap-y-0.5 text-xs">
        <span>
          <Bytes value={writtenBytes} className="font-medium" /> <span className="text-ink-2">written</span>
        </span>
        <span>
          <Bytes value={discardedBytes} className="font-medium" />{" "}
          <span className="text-ink-2">discarded</span>
        </span>
        <span className="text-ink-3">{summary}</span>
      </figcaption>
    </figure>
  );
}
