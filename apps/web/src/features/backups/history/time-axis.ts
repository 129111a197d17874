/** The part of time that a picture shows, in milliseconds since the epoch. */
export interface TimeWindow {
  readonly from: number;
  readonly to: number;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The shortest time that can be shown. */
const SHORTEST = MINUTE;

/**
 * The window around all of these times with some room at both ends. A single time is shown in the middle of a day; without
 * any, the window is the day before `now`.
 */
export function fitWindow(times: readonly number[], now: number): TimeWindow {
  if (times.length === 0) return { from: now - DAY, to: now };
  const first = times.reduce((a, b) => Math.min(a, b));
  const last = times.reduce((a, b) => Math.max(a, b));
  if (first === last) return { from: first - DAY / 2, to: last + DAY / 2 };
  const room = Math.max((last - first) * 0.04, SHORTEST / 2);
  return { from: first - room, to: last + room };
}

/** The window with its length multiplied by `factor`; the time `at` stays where it is. Stays within `whole`. */
export function zoomWindow(window: TimeWindow, factor: number, at: number, whole: TimeWindow): TimeWindow {
  const length = window.to - window.from;
  const longest = Math.max(whole.to - whole.from, SHORTEST);
  const next = Math.min(Math.max(length * factor, SHORTEST), longest);
  const from = at - ((at - window.from) / length) * next;
  return within({ from, to: from + next }, whole);
}

/** The window moved by some time, positive to the later. Stays within `whole`. */
export function panWindow(window: TimeWindow, by: number, whole: TimeWindow): TimeWindow {
  return within({ from: window.from + by, to: window.to + by }, whole);
}

/** The window, moved as far as needed to show `at` with some room. The same window when that is in view. */
export function windowAround(window: TimeWindow, at: number, whole: TimeWindow): TimeWindow {
  const room = (window.to - window.from) * 0.05;
  if (at - room >= window.from && at + room <= window.to) return window;
  const by = at < window.from + room ? at - room - window.from : at + room - window.to;
  return panWindow(window, by, whole);
}

function within(window: TimeWindow, whole: TimeWindow): TimeWindow {
  const length = window.to - window.from;
  if (length >= whole.to - whole.from) return whole;
  const from = Math.min(Math.max(window.from, whole.from), whole.to - length);
  return { from, to: from + length };
}

/** Where a time stands, in pixels. */
export function positionOf(at: number, window: TimeWindow, width: number): number {
  return ((at - window.from) / (window.to - window.from)) * width;
}

/** The time at a position; the inverse of `positionOf`. */
export function timeAt(x: number, window: TimeWindow, width: number): number {
  return window.from + (x / width) * (window.to - window.from);
}

export interface Tick {
  readonly at: number;
  readonly label: string;
  /** A new day, month or year begins here: its label says more than those of the others. */
  readonly isMajor: boolean;
}

type Step = { readonly unit: "minute" | "hour" | "day" | "month" | "year"; readonly count: number };

/** Steps between ticks from fine to coarse, with about how long each is. */
const STEPS: readonly (Step & { readonly length: number })[] = [
  { unit: "minute", count: 1, length: MINUTE },
  { unit: "minute", count: 5, length: 5 * MINUTE },
  { unit: "minute", count: 15, length: 15 * MINUTE },
  { unit: "hour", count: 1, length: HOUR },
  { unit: "hour", count: 3, length: 3 * HOUR },
  { unit: "hour", count: 6, length: 6 * HOUR },
  { unit: "hour", count: 12, length: 12 * HOUR },
  { unit: "day", count: 1, length: DAY },
  { unit: "day", count: 2, length: 2 * DAY },
  { unit: "day", count: 7, length: 7 * DAY },
  { unit: "month", count: 1, length: 30 * DAY },
  { unit: "month", count: 3, length: 91 * DAY },
  { unit: "year", count: 1, length: 365 * DAY },
  { unit: "year", count: 5, length: 5 * 365 * DAY },
];

/**
 * Where the axis is divided: at full minutes, hours, days, Mondays, months or years of the local time zone, in the finest
 * step that gives at most `most` ticks.
 */
export function ticksOf(window: TimeWindow, most: number): Tick[] {
  const span = window.to - window.from;
  const step = STEPS.find(({ length }) => span / length <= most) ?? STEPS.at(-1);
  if (step === undefined) return [];
  const ticks: Tick[] = [];
  let at = startOf(new Date(window.from), step);
  while (at.getTime() <= window.to) {
    if (at.getTime() >= window.from) ticks.push({ at: at.getTime(), ...labelOf(at, step) });
    const next = after(at, step);
    // An hour that the end of summer time repeats would otherwise be found again and again.
    at = next.getTime() > at.getTime() ? next : new Date(at.getTime() + step.length);
  }
  return ticks;
}

/** The last division at or before a time. */
function startOf(time: Date, { unit, count }: Step): Date {
  const [year, month, day] = [time.getFullYear(), time.getMonth(), time.getDate()];
  const floor = (value: number) => Math.floor(value / count) * count;
  switch (unit) {
    case "minute":
      return new Date(year, month, day, time.getHours(), floor(time.getMinutes()));
    case "hour":
      return new Date(year, month, day, floor(time.getHours()));
    case "day":
      if (count === 7) return new Date(year, month, day - ((time.getDay() + 6) % 7));
      return new Date(year, month, 1 + floor(day - 1));
    case "month":
      return new Date(year, floor(month), 1);
    case "year":
      return new Date(floor(year), 0, 1);
  }
}

function after(time: Date, { unit, count }: Step): Date {
  const next = new Date(time);
  if (unit === "minute") next.setMinutes(next.getMinutes() + count);
  else if (unit === "hour") next.setHours(next.getHours() + count);
  else if (unit === "month") next.setMonth(next.getMonth() + count);
  else if (unit === "year") next.setFullYear(next.getFullYear() + count);
  else {
    const month = next.getMonth();
    next.setDate(next.getDate() + count);
    // Every other day of a month; a month begins anew.
    if (count === 2 && next.getMonth() !== month) next.setDate(1);
  }
  return next;
}

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const month = new Intl.DateTimeFormat("en-GB", { month: "short" });

function labelOf(time: Date, { unit }: Step): Pick<Tick, "label" | "isMajor"> {
  const isYear = time.getMonth() === 0 && time.getDate() === 1;
  if (unit === "year") return { label: String(time.getFullYear()), isMajor: true };
  if (unit === "month") {
    return isYear
      ? { label: String(time.getFullYear()), isMajor: true }
      : { label: month.format(time), isMajor: false };
  }
  if (unit === "day") {
    return isYear
      ? { label: `${day.format(time)} ${time.getFullYear()}`, isMajor: true }
      : { label: day.format(time), isMajor: time.getDate() === 1 };
  }
  const isMidnight = time.getHours() === 0 && time.getMinutes() === 0;
  return isMidnight
    ? { label: day.format(time), isMajor: true }
    : { label: clock.format(time), isMajor: false };
}
