import { describe, expect, it } from "vitest";
import { openAhead } from "../../../src/concurrency/read-ahead.ts";

function watched(failAt?: number) {
  const log: string[] = [];
  const open = async (item: number) => {
    log.push(`open ${item}`);
    if (item === failAt) throw new Error(`no ${item}`);
    return { [Symbol.asyncDispose]: async () => void log.push(`close ${item}`) };
  };
  return { log, open };
}

describe("openAhead", () => {
  it("opens the next while one is in use, and closes each", async () => {
    const { log, open } = watched();
    for await (const [, item] of openAhead([1, 2, 3], open)) log.push(`use ${item}`);
    expect(log).toEqual([
      "open 1",
      "open 2",
      "use 1",
      "close 1",
      "open 3",
      "use 2",
      "close 2",
      "use 3",
      "close 3",
    ]);
  });

  it("closes what it opened for a caller who leaves", async () => {
    const { log, open } = watched();
    for await (const [, item] of openAhead([1, 2, 3], open)) if (item === 1) break;
    expect(log).toEqual(["open 1", "open 2", "close 1", "close 2"]);
  });

  it("tells of a failure when its item's turn comes, with everything closed", async () => {
    const { log, open } = watched(2);
    const run = async () => {
      for await (const [, item] of openAhead([1, 2, 3], open)) log.push(`use ${item}`);
    };
    await expect(run()).rejects.toThrow("no 2");
    expect(log).toEqual(["open 1", "open 2", "use 1", "close 1"]);
  });

  it("has nothing to do for no items", async () => {
    const { log, open } = watched();
    for await (const _ of openAhead([], open)) log.push("use");
    expect(log).toEqual([]);
  });
});
