import { describe, expect, it, vi } from "vitest";
import { Meeting } from "../../../src/snapshot-set/snapshot-together.ts";

const owner = (isOwner: boolean) => ({ isExclusiveLockOwner: async () => isOwner });
const options = { holdLimitMs: 1000, isFrozen: false, signal: new AbortController().signal };

describe("the meeting of a set's snapshots", () => {
  it("lets all of them go on when the last one has come", async () => {
    const meeting = new Meeting([owner(true), owner(true)], options);
    const first = meeting.arrive(0);
    expect(meeting.outcome).toBe("waiting");
    await Promise.all([first, meeting.arrive(1)]);
    expect(meeting).toMatchObject({ outcome: "met", isAmbiguous: false });
    meeting.end();
  });

  it("lets none go on when a lock is not held any more, unless nobody writes", async () => {
    const lost = new Meeting([owner(true), owner(false)], options);
    const made = await Promise.allSettled([lost.arrive(0), lost.arrive(1)]);
    expect(made.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(lost.outcome).toBe("lock-lost");
    lost.end();
    const frozen = new Meeting([owner(true), owner(false)], { ...options, isFrozen: true });
    await Promise.all([frozen.arrive(0), frozen.arrive(1)]);
    frozen.end();
  });

  it("lets none go on when one of them failed, or when the call was aborted", async () => {
    const failed = new Meeting([owner(true), owner(true)], options);
    const first = failed.arrive(0);
    failed.fail(new Error("no space"));
    await expect(first).rejects.toThrow("no space");
    await expect(failed.arrive(1)).rejects.toThrow("no space");
    failed.end();
    const abort = new AbortController();
    const aborted = new Meeting([owner(true), owner(true)], { ...options, signal: abort.signal });
    const waiting = aborted.arrive(0);
    abort.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
    aborted.end();
  });

  it("gives up when the others do not come in time", async () => {
    vi.useFakeTimers();
    try {
      const meeting = new Meeting([owner(true), owner(true)], options);
      const first = expect(meeting.arrive(0)).rejects.toMatchObject({ code: "TIMED_OUT" });
      await vi.advanceTimersByTimeAsync(1000);
      await first;
      expect(meeting.reason).toMatchObject({ code: "TIMED_OUT" });
      meeting.end();
      expect(meeting.heldMs).toBeGreaterThanOrEqual(1000);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it("knows when it cannot tell whose snapshot had come", async () => {
    const meeting = new Meeting([owner(true), owner(true)], options);
    const all = [meeting.arrive(0), meeting.arrive(1)];
    await Promise.all(all);
    await meeting.arrive(0);
    expect(meeting).toMatchObject({ outcome: "met", isAmbiguous: true });
    meeting.end();
  });
});
