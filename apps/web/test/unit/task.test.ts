import { describe, expect, test } from "vitest";
import { progressAmount, progressPercent, progressRate, progressRemaining } from "#lib/task.ts";

const GiB = 2 ** 30;
const copying = { done: 2 * GiB, total: 10 * GiB, unit: "bytes", rate: GiB } as const;
const steps = { done: 2, total: 4, unit: "steps", rate: 3 } as const;

describe("progress in words", () => {
  test("bytes", () => {
    expect(progressAmount(copying)).toBe("2 GiB of 10 GiB");
    expect(progressPercent(copying)).toBe("20%");
    expect(progressRate(copying)).toBe("1 GiB/s");
    expect(progressRemaining(copying)).toBe("about 10 s left");
  });

  test("steps have neither a rate nor a remaining time", () => {
    expect(progressAmount(steps)).toBe("2 of 4 steps");
    expect(progressRate(steps)).toBeNull();
    expect(progressRemaining(steps)).toBeNull();
  });

  test("one is singular", () => expect(progressAmount({ ...steps, done: 1, total: 1 })).toBe("1 of 1 step"));

  test("without a total there is an amount, but no share", () => {
    const open = { done: 1200, total: null, unit: "objects", rate: 40.4 } as const;
    expect(progressAmount(open)).toBe("1,200 objects");
    expect(progressPercent(open)).toBeNull();
    expect(progressRate(open)).toBe("40 objects/s");
    expect(progressRemaining(open)).toBeNull();
  });
});
