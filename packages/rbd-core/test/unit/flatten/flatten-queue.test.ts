import { describe, expect, it } from "vitest";
import { FlattenQueue, type FlattenRunOptions } from "../../../src/flatten/flatten-queue.ts";
import type { ImageSpec } from "../../../src/names/image-spec.ts";

/** Runs that end when the test says so, or when they are aborted. */
function heldRuns() {
  const runs: (FlattenRunOptions & { image: string; finish: PromiseWithResolvers<string> })[] = [];
  return {
    runs,
    run: (image: ImageSpec, options: FlattenRunOptions) => {
      const finish = Promise.withResolvers<string>();
      options.signal.addEventListener("abort", () => finish.reject(options.signal.reason));
      runs.push({ ...options, image: `${image.pool}/${image.image}`, finish });
      return finish.promise;
    },
  };
}

const turn = () => new Promise(setImmediate);

describe("FlattenQueue", () => {
  it("runs one at a time in a pool, in the order asked for", async () => {
    const { runs, run } = heldRuns();
    await using queue = new FlattenQueue(run, { total: 4, perPool: 1 });
    const [a, b, c] = [queue.add("p/a"), queue.add("p/b"), queue.add("q/c")];
    expect(runs.map(({ image }) => image)).toEqual(["p/a", "q/c"]);
    expect(queue.list().map(({ image, state }) => [image.image, state])).toEqual([
      ["a", "running"],
      ["b", "queued"],
      ["c", "running"],
    ]);
    runs[0]?.finish.resolve("done a");
    expect(await a).toBe("done a");
    expect(runs.map(({ image }) => image)).toEqual(["p/a", "q/c", "p/b"]);
    runs[1]?.finish.resolve("done c");
    runs[2]?.finish.resolve("done b");
    expect(await Promise.all([b, c])).toEqual(["done b", "done c"]);
    expect(queue.list()).toEqual([]);
  });

  it("flattens an image once, however often it is requested, and reports to every caller", async () => {
    const { runs, run } = heldRuns();
    await using queue = new FlattenQueue(run);
    const seen: string[] = [];
    const a = queue.add("p/a", { onProgress: ({ done }) => seen.push(`one ${done}`) });
    const b = queue.add("p/a", { urgency: "first", onProgress: ({ done }) => seen.push(`two ${done}`) });
    expect(runs).toHaveLength(1);
    runs[0]?.onProgress({ done: 3, total: 9 });
    expect(seen).toEqual(["one 3", "two 3"]);
    expect(queue.list()).toMatchObject([{ done: 3, total: 9, urgency: "first" }]);
    runs[0]?.finish.resolve("x");
    expect(await Promise.all([a, b])).toEqual(["x", "x"]);
  });

  it("continues while one of two callers still waits for it, and stops when the last one aborts", async () => {
    const { runs, run } = heldRuns();
    await using queue = new FlattenQueue(run);
    const [one, two] = [new AbortController(), new AbortController()];
    const a = queue.add("p/a", { signal: one.signal });
    const b = queue.add("p/a", { signal: two.signal });
    one.abort(new Error("one left"));
    await expect(a).rejects.toThrow("one left");
    expect(runs[0]?.signal.aborted).toBe(false);
    two.abort(new Error("two left"));
    await expect(b).rejects.toThrow("two left");
    expect(runs[0]?.signal.aborted).toBe(true);
    await turn();
    expect(queue.list()).toEqual([]);
  });

  it("does not start a flatten that was withdrawn while it waited", async () => {
    const { runs, run } = heldRuns();
    await using queue = new FlattenQueue(run);
    const first = queue.add("p/a");
    const abort = new AbortController();
    const second = queue.add("p/b", { signal: abort.signal });
    abort.abort(new Error("no more"));
    await expect(second).rejects.toThrow("no more");
    runs[0]?.finish.resolve("x");
    await first;
    expect(runs).toHaveLength(1);
  });

  it("cancels a flatten for all callers, and accepts no request for it until it has stopped", async () => {
    let end = () => {};
    await using queue = new FlattenQueue(async (_image, { signal }) => {
      await new Promise<void>((resolve) => {
        end = resolve;
      });
      signal.throwIfAborted();
    });
    const a = queue.add("p/a");
    const failed = expect(a).rejects.toMatchObject({ code: "CANCELED", object: "p/a" });
    expect(queue.cancel("p/a")).toBe(true);
    await expect(queue.add("p/a")).rejects.toMatchObject({ code: "BUSY" });
    end();
    await failed;
    expect(queue.cancel("p/a")).toBe(false);
  });

  it("reports the failure of one image, and continues with the next", async () => {
    const { runs, run } = heldRuns();
    await using queue = new FlattenQueue(run);
    const [a, b] = [queue.add("p/a"), queue.add("p/b")];
    runs[0]?.finish.reject(new Error("broke"));
    await expect(a).rejects.toThrow("broke");
    await turn();
    runs[1]?.finish.resolve("fine");
    expect(await b).toBe("fine");
  });

  it("cancels everything when it is closed, waits for that, and accepts no more requests", async () => {
    const { run } = heldRuns();
    const queue = new FlattenQueue(run);
    const failed = Promise.all([
      expect(queue.add("p/a")).rejects.toMatchObject({ code: "CANCELED" }),
      expect(queue.add("p/b")).rejects.toMatchObject({ code: "CANCELED" }),
    ]);
    await queue.close();
    await failed;
    await expect(queue.add("p/c")).rejects.toMatchObject({ code: "CLOSED" });
  });

  it("refuses a snapshot's name before anything is queued", async () => {
    await using queue = new FlattenQueue(heldRuns().run);
    await expect(queue.add("p/a@s")).rejects.toMatchObject({ code: "INVALID_NAME" });
    expect(queue.list()).toEqual([]);
  });
});
