import { expect, test } from "vitest";
import { waitUntil } from "../../../src/process/concurrency.ts";

const options = { what: "the kettle to boil", deadlineMs: 5_000, intervalMs: 1 };

test("returns the first answer", async () => {
  let asked = 0;
  expect(await waitUntil(options, async () => (++asked === 3 ? "boils" : undefined))).toBe("boils");
  expect(asked).toBe(3);
});

test("says at the deadline what it waited for and what to do", async () => {
  const waiting = waitUntil({ ...options, deadlineMs: 10, hint: "Look at the fire." }, async () => false);
  await expect(waiting).rejects.toMatchObject({
    code: "TIMED_OUT",
    message: "Waited 0.01 s for the kettle to boil. Look at the fire.",
  });
});

test("ends a check that hangs", async () => {
  const hangs = (signal: AbortSignal) =>
    new Promise<boolean>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  await expect(waitUntil({ ...options, deadlineMs: 10 }, hangs)).rejects.toMatchObject({ code: "TIMED_OUT" });
});

test("rejects with the caller's reason", async () => {
  const controller = new AbortController();
  const reason = new Error("enough");
  const waiting = waitUntil({ ...options, signal: controller.signal }, async () => {
    controller.abort(reason);
    return false;
  });
  await expect(waiting).rejects.toBe(reason);
});

test("passes on what the check throws", async () => {
  const failure = new Error("no kettle");
  await expect(waitUntil(options, () => Promise.reject(failure))).rejects.toBe(failure);
});
