import { describe, expect, test } from "vitest";
import { formatPercent, plural } from "#lib/format/count.ts";
import { formatDuration } from "#lib/format/duration.ts";
import { formatRemaining } from "#lib/format/remaining.ts";

describe("formatPercent", () => {
  test("does not call the unfinished finished", () => {
    expect(formatPercent(999_999, 1_000_000)).toBe("99%");
    expect(formatPercent(1_000_000, 1_000_000)).toBe("100%");
  });
  test("does not call the begun untouched", () => expect(formatPercent(1, 1_000_000)).toBe("<1%"));
  test("of nothing is nothing", () => expect(formatPercent(0, 0)).toBe("0%"));
});

test("plural agrees with its count", () => {
  expect(plural(1, "clone")).toBe("1 clone");
  expect(plural(10_000, "clone")).toBe("10,000 clones");
  expect(plural(2, "child", "children")).toBe("2 children");
});

test.each([
  [0.031, "31 ms"],
  [2.34, "2.3 s"],
  [42, "42 s"],
  [185, "3 min 5 s"],
  [180, "3 min"],
  [8_040, "2 h 14 min"],
  [356_400, "4 d 3 h"],
])("%d seconds last %s", (seconds, text) => expect(formatDuration(seconds)).toBe(text));

describe("formatRemaining", () => {
  test("is silent when it cannot know", () => {
    expect(formatRemaining(1, null, 1)).toBeNull();
    expect(formatRemaining(1, 10, null)).toBeNull();
    expect(formatRemaining(1, 10, 0)).toBeNull();
    expect(formatRemaining(10, 10, 1)).toBeNull();
  });
  test("takes coarser steps the further away the end is", () => {
    expect(formatRemaining(0, 3, 1)).toBe("a few seconds left");
    expect(formatRemaining(0, 42, 1)).toBe("about 45 s left");
    expect(formatRemaining(0, 130, 1)).toBe("about 3 min left");
    expect(formatRemaining(0, 1_300, 1)).toBe("about 25 min left");
    expect(formatRemaining(0, 8_000, 1)).toBe("about 2.5 h left");
    expect(formatRemaining(0, 400_000, 1)).toBe("about 5 days left");
  });
});
