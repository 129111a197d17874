import { describe, expect, it } from "vitest";
import { forEachLimit } from "../../../src/concurrency/for-each-limit.ts";

describe("forEachLimit", () => {
  it("does all, never more at a time than the limit", async () => {
    let [running, most] = [0, 0];
    const done: number[] = [];
    await forEachLimit(
      Array.from({ length: 50 }, (_, i) => i),
      7,
      async (item) => {
        running += 1;
        most = Math.max(most, running);
        await Promise.resolve();
        running -= 1;
        done.push(item);
      },
    );
    expect(most).toBe(7);
    expect(done.sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
  });

  it("starts nothing more after a failure, and waits for what is under way", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const started: number[] = [];
    let finished = false;
    const all = forEachLimit([0, 1, 2, 3], 2, async (item) => {
      started.push(item);
      if (item === 0) throw new Error("first");
      await promise;
      finished = true;
    });
    resolve();
    await expect(all).rejects.toThrow("first");
    expect(finished).toBe(true);
    expect(started).toEqual([0, 1]);
  });

  it("rejects with the reason of an abort", async () => {
    const controller = new AbortController();
    const seen: number[] = [];
    const all = forEachLimit(
      [0, 1, 2],
      1,
      async (item) => {
        seen.push(item);
        controller.abort(new Error("enough"));
      },
      controller.signal,
    );
    await expect(all).rejects.toThrow("enough");
    expect(seen).toEqual([0]);
  });
});
