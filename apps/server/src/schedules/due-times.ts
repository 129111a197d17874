import { createHash } from "node:crypto";
import { Cron } from "croner";
import { toString as describeCron } from "cronstrue";
import { ServerError } from "../base/errors.ts";

/**
 * When something is done: a cron expression of five fields, read in a time zone. When clocks go forward, a fixed time that is
 * left out is moved to the first minute after the gap; when they go back, a fixed time that occurs twice counts once. What
 * is done every so many minutes or hours follows the real time: it is not done in the gap, and is done in both repeated hours.
 */
export interface Schedule {
  cron: string;
  /** IANA name. */
  timeZone: string;
}

/** @throws {ServerError} `INVALID_INPUT` for an expression or a time zone that cannot be read, or that never comes */
export function checkSchedule(schedule: Schedule): void {
  if (!isTimeZone(schedule.timeZone)) {
    throw new ServerError("INVALID_INPUT", `"${schedule.timeZone}" is no known time zone.`, {
      hint: 'Give the name of a time zone, such as "Europe/Berlin" or "UTC".',
    });
  }
  let next: Date | null;
  try {
    next = parsed(schedule).nextRun(new Date(0));
  } catch (cause) {
    throw new ServerError("INVALID_INPUT", `"${schedule.cron}" is no cron expression.`, {
      hint: "Write five fields: minute, hour, day of the month, month, day of the week. 0 2 * * * is every day at 2:00.",
      cause,
    });
  }
  if (next !== null) return;
  throw new ServerError("INVALID_INPUT", `"${schedule.cron}" is a time that never comes.`, {
    hint: "Check the day and the month.",
  });
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

function parsed({ cron, timeZone }: Schedule): Cron {
  return new Cron(cron, { timezone: timeZone, mode: "5-part", fixedTimeRule: "no-wildcard", paused: true });
}

/** A schedule in words: "At 02:00, only on Sunday". @throws {ServerError} `INVALID_INPUT` */
export function describeSchedule(schedule: Schedule): string {
  checkSchedule(schedule);
  const words = describeCron(schedule.cron, { use24HourTimeFormat: true });
  return words.startsWith("At ") && schedule.cron.endsWith(" * * *") ? `${words}, every day` : words;
}

/** The next `count` times after `after`, in milliseconds since 1970. Fewer when there are no more. */
export function nextTimes(schedule: Schedule, after: number, count: number): number[] {
  return parsed(schedule)
    .nextRuns(count, new Date(after))
    .map((date) => date.getTime());
}

/** The last `count` times up to `until`, oldest first. */
export function pastTimes(schedule: Schedule, until: number, count: number): number[] {
  return parsed(schedule)
    .previousRuns(count, justAfter(until))
    .map((date) => date.getTime())
    .toReversed();
}

/** croner looks at what is before its reference, in whole seconds. */
function justAfter(now: number): Date {
  return new Date((Math.floor(now / 1000) + 1) * 1000);
}

/** More missed times than this are not counted. */
export const MOST_MISSED = 1000;

interface DueQuestion {
  schedule: Schedule;
  /** From when the schedule counts. */
  since: number;
  /** The newest time not after `now` for which there is a run already; null when there is none. */
  lastDue: number | null;
  now: number;
}

/** A time that has come and for which there is no run yet. */
export interface DueTime {
  at: number;
  /** How many earlier times passed without a run, and are made good by this one; at most `MOST_MISSED`. */
  missed: number;
}

/**
 * What is due now: the newest time that has passed since the last run, or null. Of several that were missed, while the server
 * was down or the machine slept, only the newest is run, once.
 *
 * A clock that was set back makes nothing run twice, because times that already have a run are left out; and nothing
 * stops until a far time comes again, because only runs up to `now` count as the last one.
 */
export function dueTime({ schedule, since, lastDue, now }: DueQuestion): DueTime | null {
  const from = Math.max(since, lastDue ?? since);
  if (from >= now) return null;
  const cron = parsed(schedule);
  const newest = cron.previousRuns(1, justAfter(now))[0]?.getTime(); // a time is due when it has come
  if (newest === undefined || newest <= from) return null;
  let missed = 0;
  let at = cron.nextRun(new Date(from))?.getTime();
  while (at !== undefined && at < newest && missed < MOST_MISSED) {
    missed++;
    at = cron.nextRun(new Date(at))?.getTime();
  }
  return { at: newest, missed };
}

/** How much later than its time a run begins: evenly spread over the jitter, and always the same for the same run. */
export function jitterOf(key: string, jitterMinutes: number): number {
  if (jitterMinutes === 0) return 0;
  const fraction = createHash("sha256").update(key).digest().readUInt32BE() / 2 ** 32;
  return Math.floor(fraction * jitterMinutes * 60_000);
}
