import { describe, expect, test } from "vitest";
import { absoluteTime, clockTime, relativeTime } from "#lib/format/time.ts";

const now = new Date("2026-03-01T12:00:00Z");
const ago = (seconds: number) => relativeTime(new Date(now.getTime() - seconds * 1000), now);

describe("relativeTime", () => {
  test.each([
    [0, "just now"],
    [9, "just now"],
    [30, "less than a minute ago"],
    [60, "1 minute ago"],
    [3_599, "59 minutes ago"],
    [7_200, "2 hours ago"],
    [86_400 * 3, "3 days ago"],
    [86_400 * 20, "2 weeks ago"],
    [86_400 * 400, "1 year ago"],
    [-120, "in 2 minutes"],
    [-30, "in less than a minute"],
  ])("%d seconds before now: %s", (seconds, text) => expect(ago(seconds)).toBe(text));
});

test("absoluteTime names its zone", () => {
  expect(absoluteTime(now, "UTC")).toBe("2026-03-01 12:00:00 UTC");
  expect(absoluteTime(now, "Asia/Tokyo")).toBe("2026-03-01 21:00:00 GMT+9");
});

test("midnight is 00, not 24", () => {
  expect(clockTime(new Date("2026-03-01T00:00:05Z"), "UTC")).toBe("00:00:05");
});
