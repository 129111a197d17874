import { describe, expect, it } from "vitest";
import { readAhead } from "../../../src/concurrency/read-ahead.ts";
import { collect } from "../collect.ts";

describe("readAhead", () => {
  async function* count(to: number): AsyncGenerator<number> {
    for (let i = 0; i < to; i++) yield i;
  }

  it("keeps order and bounds, and waits for what is in flight when it is left", async () => {
    let [inFlight, most] = [0, 0];
    const read = async (item: number) => {
      most = Math.max(most, ++inFlight);
      await new Promise(setImmediate);
      inFlight--;
      return item;
    };
    const limits = { operations: 4, bytes: 100 };
    expect(await collect(readAhead(count(50), () => 10, read, limits))).toEqual(
      Array.from({ length: 50 }, (_, i) => i),
    );
    expect(most).toBe(4);
    most = 0;
    await collect(readAhead(count(50), () => 40, read, limits));
    expect(most).toBe(2);
    for await (const item of readAhead(count(50), () => 1, read, limits)) if (item === 7) break;
    expect(inFlight).toBe(0);
  });

  it("throws a failure in its turn, after the others are over", async () => {
    let over = 0;
    const read = async (item: number) => {
      await new Promise(setImmediate);
      over++;
      if (item === 3) throw new Error("three");
      return item;
    };
    const taken: number[] = [];
    const failing = async () => {
      for await (const item of readAhead(count(9), () => 1, read, { operations: 3, bytes: 9 }))
        taken.push(item);
    };
    await expect(failing()).rejects.toThrow("three");
    expect(taken).toEqual([0, 1, 2]);
    expect(over).toBeGreaterThanOrEqual(5);
  });
});
