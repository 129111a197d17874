const UNITS = {
  iec: { base: 1024, names: ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"] },
  si: { base: 1000, names: ["B", "kB", "MB", "GB", "TB", "PB", "EB"] },
} as const;

export type ByteUnits = keyof typeof UNITS;

/** How this browser's user wants to read sizes and times; see `lib/display.ts`. */
let display: { units: ByteUnits; timeZone: string | undefined } = { units: "iec", timeZone: undefined };

export function setDisplay(wanted: typeof display): void {
  display = wanted;
}

/** A number with up to three significant digits, without trailing zeros. */
function threeDigits(value: number): string {
  const decimals = value < 10 ? 2 : value < 100 ? 1 : 0;
  return String(Number(value.toFixed(decimals)));
}

/**
 * Bytes with up to three significant digits: `1.5 GiB`, or `1.61 GB` for who prefers SI units. The dashboard has no other
 * byte formatter, so that a size reads the same on every page. `exactBytes` returns the full number.
 */
export function formatBytes(bytes: number, units: ByteUnits = display.units): string {
  if (!Number.isFinite(bytes)) return "–";
  const { base, names } = UNITS[units];
  let value = Math.abs(bytes);
  let unit = 0;
  // 1023.5 would round to 1024: such a value belongs to the next unit.
  while (value >= base - 0.5 && unit < names.length - 1) {
    value /= base;
    unit += 1;
  }
  const sign = bytes < 0 ? "−" : "";
  return `${sign}${unit === 0 ? Math.round(value) : threeDigits(value)} ${names[unit]}`;
}

/** The full number of bytes with grouped thousands: `1,610,612,736 bytes`. */
export function exactBytes(bytes: number): string {
  return `${bytes.toLocaleString("en-US")} ${bytes === 1 ? "byte" : "bytes"}`;
}

/** Bytes per second: `84.2 MiB/s`. */
export function formatRate(bytesPerSecond: number): string {
  return `${formatBytes(bytesPerSecond)}/s`;
}

const plain = new Intl.NumberFormat("en-US");

/** A whole number with grouped thousands: `10,000`. */
export function formatCount(value: number): string {
  return plain.format(value);
}

/** A count with its noun: `1 clone`, `12 clones`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** A share in percent. Never rounds up to 100 before completion, nor down to 0 after the start. */
export function formatPercent(part: number, whole: number): string {
  if (whole <= 0) return "0%";
  const percent = (part / whole) * 100;
  if (percent > 0 && percent < 1) return "<1%";
  if (percent < 100 && percent > 99) return "99%";
  return `${Math.round(percent)}%`;
}

/** A duration in its two largest units: `42 s`, `3 min 5 s`, `2 h 14 min`, `4 d 3 h`. */
export function formatDuration(seconds: number): string {
  if (seconds < 1) return `${Math.max(0, Math.round(seconds * 1000))} ms`;
  if (seconds < 10) return `${Number(seconds.toFixed(1))} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return join(minutes, "min", whole % 60, "s");
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return join(hours, "h", minutes % 60, "min");
  return join(Math.floor(hours / 24), "d", hours % 24, "h");
}

function join(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/**
 * The remaining time in words. The steps are coarse for long estimates and fine for short ones, so that the text counts
 * down instead of flickering. Null when the remaining time is unknown.
 */
export function formatRemaining(done: number, total: number | null, rate: number | null): string | null {
  if (total === null || rate === null || rate <= 0 || done >= total) return null;
  const seconds = (total - done) / rate;
  if (seconds < 5) return "a few seconds left";
  if (seconds < 55) return `about ${Math.ceil(seconds / 5) * 5} s left`;
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 60) return `about ${minutes < 10 ? minutes : Math.ceil(minutes / 5) * 5} min left`;
  const hours = seconds / 3600;
  if (hours < 48) return `about ${Number((Math.ceil(hours * 2) / 2).toFixed(1))} h left`;
  return `about ${Math.ceil(hours / 24)} days left`;
}

const STEPS: readonly [unit: Intl.RelativeTimeFormatUnit, seconds: number][] = [
  ["year", 31_557_600],
  ["month", 2_629_800],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

const relative = new Intl.RelativeTimeFormat("en", { numeric: "always", style: "long" });

/** The time between `at` and `now`: `3 minutes ago`, `in 2 days`, `just now`. */
export function relativeTime(at: Date, now: Date): string {
  const seconds = (at.getTime() - now.getTime()) / 1000;
  for (const [unit, size] of STEPS) {
    if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit);
  }
  if (seconds > 10) return "in under a minute";
  return seconds > -10 ? "just now" : "under a minute ago";
}

const formats = new Map<string, Intl.DateTimeFormat>();

function formatFor(timeZone: string | undefined): Intl.DateTimeFormat {
  const key = timeZone ?? "";
  let format = formats.get(key);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-GB", {
      timeZone,
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      hourCycle: "h23",
      timeZoneName: "short",
    });
    formats.set(key, format);
  }
  return format;
}

/**
 * The date and time with the zone: `2026-03-01 14:05:22 GMT+1`. `timeZone` is an IANA name; the default is the zone that
 * the user prefers, or that of the browser.
 */
export function absoluteTime(at: Date, timeZone: string | undefined = display.timeZone): string {
  const part = new Map(
    formatFor(timeZone)
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  );
  const day = `${part.get("year")}-${part.get("month")}-${part.get("day")}`;
  return `${day} ${part.get("hour")}:${part.get("minute")}:${part.get("second")} ${part.get("timeZoneName")}`;
}

/** The time of day for the lines of a log: `14:05:22`. */
export function clockTime(at: Date, timeZone?: string): string {
  return absoluteTime(at, timeZone).slice(11, 19);
}
