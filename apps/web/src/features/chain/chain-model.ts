import type { ChainSizes, ChainView } from "@coppice/server/router";
import { exactBytes, formatBytes, formatCount } from "#lib/format.ts";

export type ChainPoint = ChainView["points"][number];
export type PointSizes = ChainSizes["points"][number];
export type Measure = NonNullable<PointSizes["delta"]>;

/** What names a point in the URL and in lists: the id of the snapshot, or `head`. */
export function pointKey({ id }: Pick<ChainPoint, "id">): string {
  return id ?? "head";
}

/** Points are measured this many at a time. */
const CHUNK = 32;

/**
 * The ids of the points to measure for the rows from `first` to `last`, in groups. The groups begin at the oldest point, so
 * that those of old points stay the same when snapshots are added.
 *
 * @param points newest first
 */
export function chunksInView(
  points: readonly Pick<ChainPoint, "id">[],
  first: number,
  last: number,
): (string | null)[][] {
  if (points.length === 0 || last < first) return [];
  const oldestFirst = points.map(({ id }) => id).reverse();
  const [from, to] = [points.length - 1 - Math.min(last, points.length - 1), points.length - 1 - first];
  const chunks: (string | null)[][] = [];
  for (let chunk = Math.floor(from / CHUNK); chunk <= Math.floor(to / CHUNK); chunk++) {
    chunks.push(oldestFirst.slice(chunk * CHUNK, (chunk + 1) * CHUNK));
  }
  return chunks;
}

/** Selects or deselects a point. At most two are selected: a third takes the place of the one that was selected first. */
export function toggleSelected(selected: readonly string[], key: string): string[] {
  if (selected.includes(key)) return selected.filter((each) => each !== key);
  return [...selected, key].slice(-2);
}

/** Two points that can be compared, or why they cannot; null while fewer than two are selected. */
export type Comparison = { from: ChainPoint; to: ChainPoint; problem: string | null };

/** @param points newest first */
export function comparisonOf(points: readonly ChainPoint[], selected: readonly string[]): Comparison | null {
  const [to, from] = points.filter((point) => selected.includes(pointKey(point)));
  if (to === undefined || from === undefined) return null;
  const comparable = from.snapshot?.kind === "user";
  return {
    from,
    to,
    problem: comparable ? null : "Ceph compares from a user snapshot only. Select another older point.",
  };
}

/**
 * The number of bytes that fills a bar: the greatest of the measured points without the oldest, which holds all data that was
 * there at first. Points that have not been measured yet do not count, so the scale may grow.
 */
export function barScale(
  points: readonly Pick<ChainPoint, "id">[],
  sizes: ReadonlyMap<string, PointSizes>,
): number {
  const oldest = points.at(-1);
  let most = 0;
  for (const [key, { delta }] of sizes) {
    if (points.length > 1 && oldest !== undefined && key === pointKey(oldest)) continue;
    most = Math.max(most, delta?.bytes ?? 0);
  }
  return most;
}

/** A measure as text: an estimate is an upper bound. */
export function measureText({ bytes, accuracy }: Measure): string {
  return accuracy === "exact" || bytes === 0 ? formatBytes(bytes) : `≤ ${formatBytes(bytes)}`;
}

/** The same in full, for a tooltip. */
export function measureInFull({ bytes, accuracy }: Measure): string {
  return accuracy === "exact"
    ? `${exactBytes(bytes)}, exact`
    : `At most ${exactBytes(bytes)}, estimated from the object maps`;
}

/** One part of the heat strip. */
export interface HeatPart {
  /** Where it begins and ends, in bytes. */
  start: number;
  end: number;
  changed: number;
  /** The changed share of the part: 0 for none, otherwise from 1 to 5. */
  level: 0 | 1 | 2 | 3 | 4 | 5;
}

const LEVELS = [1, 2, 3, 4, 5] as const;

/** The parts of an image of `size` bytes with what changed in each. */
export function heatParts(strip: readonly number[], size: number): HeatPart[] {
  const width = size / strip.length;
  return strip.map((changed, index) => {
    const share = width === 0 ? 0 : changed / width;
    const level = changed === 0 ? 0 : (LEVELS[Math.min(4, Math.floor(share * 5))] ?? 5);
    return { start: Math.floor(index * width), end: Math.floor((index + 1) * width), changed, level };
  });
}

/** The strip in words. */
export function heatSummary(strip: readonly number[]): string {
  const touched = strip.filter((changed) => changed > 0).length;
  if (touched === 0) return "Nothing changed.";
  return `Changes in ${formatCount(touched)} of ${formatCount(strip.length)} equal parts of the image.`;
}
