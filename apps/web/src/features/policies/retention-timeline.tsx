import type { RetentionPreview } from "@coppice/server/router";
import { cn } from "#lib/cn.ts";
import { absoluteTime, plural } from "#lib/format.ts";

type Points = RetentionPreview["projected"]["points"];

const DAY_MS = 86_400_000;

/**
 * Where a point is on the axis, from 0 (oldest) to 1 (newest). The axis is logarithmic in age: the last days, of which
 * most is kept, take as much room as the months before.
 */
export function positionOf(at: number, oldest: number, newest: number): number {
  const scale = (age: number) => Math.log1p(age / DAY_MS);
  const whole = scale(newest - oldest);
  return whole === 0 ? 1 : 1 - scale(newest - at) / whole;
}

/** Which points a retention keeps, on a time line; those that it removes are drawn faintly. */
export function RetentionTimeline({ points, label }: { points: Points; label: string }) {
  const times = points.map(({ at }) => Date.parse(at));
  const [oldest = 0, newest = 0] = [times[0], times.at(-1)];
  const kept = points.filter(({ reasons }) => reasons.length > 0);
  const ticks = TICKS.filter(({ days }) => days * DAY_MS < newest - oldest);
  return (
    <figure>
      <svg
        role="img"
        aria-label={`${label}: ${plural(kept.length, "point")} kept of ${points.length}`}
        viewBox="0 0 600 44"
        preserveAspectRatio="none"
        className="h-11 w-full overflow-visible"
      >
        <line x1="0" x2="600" y1="22" y2="22" className="stroke-line-strong" strokeWidth="1" />
        {points.map(({ at, reasons }, index) => {
          const x = 4 + positionOf(times[index] ?? 0, oldest, newest) * 592;
          const isKept = reasons.length > 0;
          return (
            <line
              key={`${at}/${index}`}
              x1={x}
              x2={x}
              y1={isKept ? 6 : 17}
              y2={isKept ? 38 : 27}
              strokeWidth={isKept ? 3 : 1}
              className={isKept ? "stroke-brand" : "stroke-line-strong"}
            >
              <title>{`${absoluteTime(new Date(at))}: ${isKept ? reasons.join("; ") : "removed"}`}</title>
            </line>
          );
        })}
      </svg>
      <div aria-hidden className="relative h-4 text-2xs text-ink-3">
        <span className="absolute right-0">now</span>
        {ticks.map(({ days, name }) => (
          <span
            key={name}
            style={{ left: `${positionOf(newest - days * DAY_MS, oldest, newest) * 100}%` }}
            className={cn("absolute -translate-x-1/2")}
          >
            {name}
          </span>
        ))}
      </div>
    </figure>
  );
}

const TICKS = [
  { days: 1, name: "1 d" },
  { days: 7, name: "1 w" },
  { days: 30, name: "1 m" },
  { days: 180, name: "6 m" },
  { days: 365, name: "1 y" },
];
