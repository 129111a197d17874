import { ShieldAlert, ShieldCheck, ShieldQuestion } from "lucide-react";
import { Time } from "#components/values.tsx";
import { cn } from "#lib/cn.ts";
import { absoluteTime, formatBytes, formatDuration } from "#lib/format.ts";
import { PointMark } from "./history-picture.tsx";
import type { HistoryPoint, LanePoint } from "./lanes.ts";

/** A restore point with what the history says about it in words. */
export interface DescribedPoint extends HistoryPoint {
  /** Of the image at the point, in bytes. */
  readonly size: number;
  /** What the backup added to its target, in bytes; null when that is not known. */
  readonly storedBytes: number | null;
  /** How long the backup took, in milliseconds; null when that is not known. */
  readonly duration: number | null;
}

export const KIND = { full: "Full", incremental: "Incremental" } as const;

const DEPTH = { quick: "quick check", deep: "deep check", source: "compared with its source" } as const;

type Depth = keyof typeof DEPTH;

/** The check that says most: the newest one that found something wrong, otherwise the newest of the deepest kind. */
export function tellingCheck({
  checks,
}: Pick<HistoryPoint, "checks">): { depth: Depth; at: string; ok: boolean } | null {
  const made = (["deep", "source", "quick"] as const).flatMap((depth) => {
    const check = checks[depth];
    return check === null ? [] : [{ depth, at: check.at, ok: check.ok }];
  });
  const newestFirst = made.toSorted((a, b) => (a.at < b.at ? 1 : -1));
  return (
    newestFirst.find(({ ok }) => !ok) ?? newestFirst.find(({ depth }) => depth !== "quick") ?? made[0] ?? null
  );
}

/** When the point was verified, and how deep. */
export function Verified({ point, className }: { point: Pick<HistoryPoint, "checks">; className?: string }) {
  const check = tellingCheck(point);
  if (check === null) {
    return (
      <span className={cn("inline-flex min-w-0 items-center gap-1 text-ink-3", className)}>
        <ShieldQuestion aria-hidden className="size-3.5 shrink-0" />
        Not yet
      </span>
    );
  }
  const Icon = check.ok ? ShieldCheck : ShieldAlert;
  return (
    <span
      className={cn(
        "inline-flex min-w-0 items-center gap-1",
        check.ok ? "text-ink" : "font-medium text-danger",
        className,
      )}
    >
      <Icon aria-hidden className={cn("size-3.5 shrink-0", check.ok && "text-brand")} />
      <span className="truncate">
        {check.ok ? <Time at={check.at} /> : "Damaged"}
        <span className="text-ink-3"> · {DEPTH[check.depth]}</span>
      </span>
    </span>
  );
}

const HEALTH = {
  ok: null,
  missing: "Its data is missing.",
  damaged: "A check found it damaged.",
  dependent: "It builds on a backup that is missing or damaged.",
  removing: "It is being removed.",
} as const;

/** What is wrong with a point, in two words. */
export const FAULT = {
  ok: "",
  missing: "Data missing",
  damaged: "Damaged",
  dependent: "Broken chain",
  removing: "Being removed",
} as const;

/** What is wrong with a point, in a sentence; null for one that is all right. */
export function faultOf({ health, point }: Pick<LanePoint<HistoryPoint>, "health" | "point">): string | null {
  const [problem] = point.problems;
  if (health === "missing" && problem !== undefined) return `${capital(problem.message)}.`;
  return HEALTH[health];
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A point in one or two sentences, for screen readers and on hover. */
export function describePoint(each: LanePoint<DescribedPoint>): string {
  const { point } = each;
  const check = tellingCheck(point);
  const { at, size, storedBytes, duration } = point;
  const parts = [
    `${KIND[point.kind]} backup of ${at === null ? "an unknown time" : absoluteTime(new Date(at))}`,
    formatBytes(size) + (storedBytes === null ? "" : `, stored ${formatBytes(storedBytes)}`),
    ...(duration === null ? [] : [`took ${formatDuration(duration / 1000)}`]),
    check === null
      ? "not verified"
      : check.ok
        ? `verified ${absoluteTime(new Date(check.at)).slice(0, 10)} (${DEPTH[check.depth]})`
        : "damaged",
    ...(point.protected ? ["protected"] : []),
  ];
  const fault = faultOf(each);
  return `${parts.join(", ")}.${fault === null ? "" : ` ${fault}`}`;
}

/** The mark of a point beside its name: a square for a full backup, a circle for an incremental one. */
export function KindMark({ each }: { each: Pick<LanePoint<HistoryPoint>, "point" | "health"> }) {
  const plain = { ...each.point, protected: false, checks: { quick: null, deep: null, source: null } };
  return (
    <svg width={14} height={14} viewBox="0 0 14 14" aria-hidden="true" className="shrink-0">
      <PointMark each={{ point: plain, health: each.health }} x={7} y={7} />
    </svg>
  );
}
