import { CoppiceError } from "../errors/index.ts";

/** The rules that keep the newest point of each period, finest first. */
const periods = ["hourly", "daily", "weekly", "monthly", "yearly"] as const;
export type RetentionPeriod = (typeof periods)[number];

/** How many to keep: a whole number from 0 on, or all of them. */
export type RetentionCount = number | "all";

/**
 * Which points to keep. A point is kept when any of the rules keeps it; at least one rule must keep something. The rules
 * mean what they mean in restic: they count independently of each other, and all of them start at the newest point.
 *
 * @example
 * // Everything of the last two days, then one a day for two weeks, one a week for two months, one a month for ever.
 * const retention = { within: { days: 2 }, daily: 14, weekly: 8, monthly: "all", timeZone: "Europe/Berlin" } as const;
 */
export interface RetentionPolicy
  extends Readonly<Partial<Record<RetentionPeriod, RetentionCount | undefined>>> {
  /** Keeps this many of the newest points. */
  readonly keepLast?: RetentionCount | undefined;
  /**
   * Keeps every point that is at most so much older than the newest one: when backups stop, this rule stops with them. A day
   * is 24 hours, a week 168.
   */
  readonly within?: { readonly weeks?: number; readonly days?: number; readonly hours?: number } | undefined;
  /** Where hours, days, weeks (from Monday, ISO 8601), months and years begin: an IANA time zone. "UTC" without it. */
  readonly timeZone?: string | undefined;
}

/** What retention needs to know about a restore point. */
export interface RetentionPoint {
  readonly id: string;
  readonly time: Date;
  /**
   * Whether it can be restored, as far as is known: it was committed, and no verification has found it damaged. A point that
   * cannot is kept and counts for no rule, so that it never displaces a good one. Removing it is another decision.
   */
  readonly isRestorable: boolean;
  /** Somebody said that it must stay. It counts for the rules like any other. */
  readonly isProtected?: boolean | undefined;
}

/** Why a point is kept. */
export type KeepReason =
  /** The `number`th newest point, 1 for the newest. */
  | { readonly rule: "last"; readonly number: number }
  | { readonly rule: "within" }
  /**
   * The newest point of the rule's `number`th newest period, such as `2026-W13`; or the oldest of all points, which a rule
   * keeps while it has not found as many periods as it wants. Periods without a point do not count.
   */
  | {
      readonly rule: RetentionPeriod;
      readonly period: string;
      readonly number: number;
      readonly isOldest: boolean;
    }
  | { readonly rule: "protected" }
  | { readonly rule: "not-restorable" };

export interface RetentionDecision<Point extends RetentionPoint> {
  readonly point: Point;
  /** Every rule that keeps it. Empty: it is to be removed. */
  readonly reasons: readonly KeepReason[];
}

/**
 * Decides which points are kept and why, and which are removed. Pure: nothing is removed here, so that calling it is the dry
 * run. The newest restorable point is always kept, and what is left is kept again when it is asked about again.
 *
 * Of the points in one period the newest is kept, as restic, borg and Proxmox do. The oldest point of all is kept as long as a
 * rule is not full, as restic and borg do, so that the history reaches back as far as the rule wants it to. An hour that the end of
 * summer time repeats is two hours. Of two points with the same time the later one in the list is the newer one.
 *
 * @returns A decision for each point, in the order of the points.
 * @throws {CoppiceError} `INVALID_ARGUMENT` for a policy that keeps nothing, counts that are no counts, an unknown time zone,
 * or a point without a valid time.
 */
export function planRetention<Point extends RetentionPoint>(
  points: readonly Point[],
  policy: RetentionPolicy,
): RetentionDecision<Point>[] {
  checkRetention(policy);
  for (const { id, time } of points) {
    if (Number.isNaN(time.getTime())) throw invalid(`the point ${id} has no valid time`);
  }
  const newestFirst = points
    .filter(({ isRestorable }) => isRestorable)
    .toReversed()
    .sort((a, b) => b.time.getTime() - a.time.getTime());
  const reasons = new Map<Point, KeepReason[]>(points.map((point) => [point, []]));
  const keep = (point: Point, reason: KeepReason) => reasons.get(point)?.push(reason);
  for (const point of points) {
    if (!point.isRestorable) keep(point, { rule: "not-restorable" });
    else if (point.isProtected === true) keep(point, { rule: "protected" });
  }
  for (const [i, point] of newestFirst.slice(0, numberOf(policy.keepLast)).entries()) {
    keep(point, { rule: "last", number: i + 1 });
  }
  const newest = newestFirst[0]?.time.getTime() ?? 0;
  const span = millisecondsOf(policy.within);
  for (const point of newestFirst) {
    if (span > 0 && newest - point.time.getTime() <= span) keep(point, { rule: "within" });
  }
  const periodsOf = calendar(policy.timeZone);
  const dated = newestFirst.map((point) => ({ point, in: periodsOf(point.time) }));
  for (const rule of periods) {
    const wanted = numberOf(policy[rule]);
    let [number, last]: [number, string | undefined] = [0, undefined];
    for (const [i, { point, in: period }] of dated.entries()) {
      if (number >= wanted) break;
      const isNewest = period[rule] !== last;
      const isOldest = i === dated.length - 1;
      if (isNewest) number++;
      last = period[rule];
      if (isNewest || isOldest) keep(point, { rule, period: last, number, isOldest: !isNewest });
    }
  }
  return points.map((point) => ({ point, reasons: reasons.get(point) ?? [] }));
}

/**
 * @throws {CoppiceError} `INVALID_ARGUMENT` for a policy that keeps nothing, counts that are no counts, or an unknown time
 * zone.
 */
export function checkRetention(policy: RetentionPolicy): void {
  for (const rule of ["keepLast", ...periods] as const) {
    const count = policy[rule];
    if (count === undefined || count === "all" || (Number.isSafeInteger(count) && count >= 0)) continue;
    throw invalid(`${count} is no count for ${rule}`, 'Give a whole number from 0 on, or "all".');
  }
  for (const [unit, count] of Object.entries(policy.within ?? {})) {
    if (count === undefined || (Number.isFinite(count) && count >= 0)) continue;
    throw invalid(`${count} ${unit} is no length of time`, "Give a number from 0 on.");
  }
  const counts = [policy.keepLast, ...periods.map((rule) => policy[rule])].map(numberOf);
  if (counts.every((count) => count === 0) && millisecondsOf(policy.within) === 0) {
    throw invalid("the retention has no rule that keeps anything", "Give at least one count above 0.");
  }
  try {
    calendar(policy.timeZone);
  } catch (cause) {
    const hint = 'Give the name of a time zone, such as "Europe/Berlin" or "UTC".';
    throw invalid(`${JSON.stringify(policy.timeZone)} is no known time zone`, hint, cause);
  }
}

/** A reason as a phrase: "the newest of the week 2026-W13, number 2 of the weekly ones". */
export function describeKeepReason(reason: KeepReason): string {
  switch (reason.rule) {
    case "last":
      return reason.number === 1 ? "the newest point" : `number ${reason.number} of the newest points`;
    case "within":
      return "not too old yet";
    case "protected":
      return "protected";
    case "not-restorable":
      return "incomplete or damaged: retention does not decide about it";
    default: {
      if (reason.isOldest) return `the oldest point, because there are too few ${reason.rule} ones`;
      const { rule, period, number } = reason;
      return `the newest of the ${nouns[rule]} ${period}, number ${number} of the ${rule} ones`;
    }
  }
}

const nouns: Readonly<Record<RetentionPeriod, string>> = {
  hourly: "hour",
  daily: "day",
  weekly: "week",
  monthly: "month",
  yearly: "year",
};

const numberOf = (count: RetentionCount | undefined) =>
  count === "all" ? Number.POSITIVE_INFINITY : (count ?? 0);

const hourLength = 60 * 60 * 1000;
const dayLength = 24 * hourLength;

function millisecondsOf({ weeks = 0, days = 0, hours = 0 }: NonNullable<RetentionPolicy["within"]> = {}) {
  return (weeks * 7 + days) * dayLength + hours * hourLength;
}

/**
 * Returns the function that names the periods that an instant lies in.
 *
 * @throws {RangeError} for an unknown time zone.
 */
function calendar(timeZone = "UTC"): (time: Date) => Record<RetentionPeriod, string> {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    calendar: "iso8601",
    numberingSystem: "latn",
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    // Tells apart the two hours of the same number at the end of summer time.
    timeZoneName: "longOffset",
  });
  return (time) => {
    const parts = Object.fromEntries(format.formatToParts(time).map(({ type, value }) => [type, value]));
    const { year = "", month = "", day: date = "", hour = "", timeZoneName = "" } = parts;
    const offset = timeZoneName.replace("GMT", "");
    return {
      hourly: `${year}-${month}-${date}T${hour}${offset}`,
      daily: `${year}-${month}-${date}`,
      weekly: isoWeek(Number(year), Number(month), Number(date)),
      monthly: `${year}-${month}`,
      yearly: year,
    };
  };
}

/** The week of a date by ISO 8601: weeks begin on Monday and belong to the year of their Thursday. */
function isoWeek(year: number, month: number, date: number): string {
  const midnight = Date.UTC(year, month - 1, date);
  const weekday = (new Date(midnight).getUTCDay() + 6) % 7;
  const thursday = new Date(midnight + (3 - weekday) * dayLength);
  const first = Date.UTC(thursday.getUTCFullYear(), 0, 1);
  const week = Math.floor((thursday.getTime() - first) / (7 * dayLength)) + 1;
  return `${thursday.getUTCFullYear()}-W${String(week).padStart(2, "0")}`;
}

function invalid(message: string, hint?: string, cause?: unknown): CoppiceError {
  return new CoppiceError({ code: "INVALID_ARGUMENT", call: "planRetention", message, hint, cause });
}
