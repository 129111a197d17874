import { expect, test } from "vitest";
import { runInParallel } from "../../../src/process/concurrency.ts";

const untilAborted = (signal: AbortSignal) =>
  new Promise<void>((_, reject) =>
    signal.addEventListener("abort", () => reject(signal.reason), { once: true }),
  );

test("runs the steps in parallel", async () => {
  const meeting = Promise.withResolvers<void>();
  await runInParallel(undefined, [() => meeting.promise, async () => meeting.resolve()]);
});

test("aborts the others when one fails, and throws its error after all have ended", async () => {
  const failure = new Error("broken");
  let ended = false;
  const slow = async (signal: AbortSignal) => {
    try {
      await untilAborted(signal);
    } finally {
      await new Promise(setImmediate);
      ended = true;
    }
  };
  await expect(runInParallel(undefined, [slow, () => Promise.reject(failure)])).rejects.toBe(failure);
  expect(ended).toBe(true);
});

test("rejects with the caller's reason", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  const running = runInParallel(controller.signal, [untilAborted, untilAborted]);
  controller.abort(reason);
  await expect(running).rejects.toBe(reason);
});
