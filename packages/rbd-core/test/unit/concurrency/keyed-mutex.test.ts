import { describe, expect, it } from "vitest";
import { KeyedMutex } from "../../../src/concurrency/keyed-mutex.ts";

describe("KeyedMutex", () => {
  it("runs those of one key in the order of asking, one at a time", async () => {
    const mutex = new KeyedMutex();
    const seen: string[] = [];
    const job = (name: string) => async () => {
      seen.push(`${name} begins`);
      await Promise.resolve();
      seen.push(`${name} ends`);
      if (name === "b") throw new Error("b failed");
      return name;
    };
    const outcomes = await Promise.allSettled(
      ["a", "b", "c"].map((name) => mutex.run("k", undefined, job(name))),
    );
    expect(outcomes.map((outcome) => outcome.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(seen).toEqual(["a", "b", "c"].flatMap((name) => [`${name} begins`, `${name} ends`]));
  });

  it("keeps other keys free", async () => {
    const mutex = new KeyedMutex();
    const { promise, resolve } = Promise.withResolvers<void>();
    const held = mutex.run("a", undefined, () => promise);
    expect(await mutex.run("b", undefined, async () => "done")).toBe("done");
    resolve();
    await held;
  });

  it("lets one leave the queue without upsetting it", async () => {
    const mutex = new KeyedMutex();
    const { promise, resolve } = Promise.withResolvers<void>();
    const order: string[] = [];
    const first = mutex.run("k", undefined, async () => {
      await promise;
      order.push("first");
    });
    const controller = new AbortController();
    const second = mutex.run("k", controller.signal, async () => void order.push("second"));
    const third = mutex.run("k", undefined, async () => void order.push("third"));
    controller.abort(new Error("left"));
    await expect(second).rejects.toThrow("left");
    expect(order).toEqual([]);
    resolve();
    await Promise.all([first, third]);
    expect(order).toEqual(["first", "third"]);
  });

  it("does not begin what was aborted before", async () => {
    const mutex = new KeyedMutex();
    const run = mutex.run("k", AbortSignal.abort(new Error("before")), async () => "ran");
    await expect(run).rejects.toThrow("before");
    expect(await mutex.run("k", undefined, async () => "free")).toBe("free");
  });
});
