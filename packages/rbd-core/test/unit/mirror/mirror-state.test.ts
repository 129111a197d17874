import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type MirrorRecord, toMirror } from "../../../src/mirror/mirror-record.ts";
import { advanceMirror, type MirrorEvent } from "../../../src/mirror/mirror-state.ts";
import { pauseBetween } from "../../../src/mirror/sync-mirror.ts";

const at = "2026-03-01T00:00:00.000Z";

const begun: MirrorRecord = {
  version: 1,
  id: "0b7e0c3e-58f0-4a0c-9d1c-6f6f3f0d6c11",
  label: null,
  state: "starting",
  createdAt: at,
  fsid: "6f0a3c1e-8f0b-4a34-9d7e-0d6e5f4c3b2a",
  disks: ["a", "b"].map((image) => ({
    name: image,
    source: { pool: "p", namespace: "", image, poolId: 1, imageId: image },
    mirror: { pool: "q", namespace: "", image },
    mirrorId: null,
  })),
  lastSet: 0,
  complete: null,
  next: null,
  retired: [],
  switchedAt: null,
  sources: null,
};

const set: MirrorEvent[] = [{ type: "set-planned" }, { type: "set-taken", at }, { type: "set-complete" }];
const after = (...events: MirrorEvent[]) => events.reduce(advanceMirror, begun);
const mirroring = after(...set);
const refused = (record: MirrorRecord, event: MirrorEvent) =>
  expect(() => advanceMirror(record, event), `${record.state}: ${event.type}`).toThrow(
    expect.objectContaining({ code: "INVALID_ARGUMENT", object: "q/a" }),
  );

describe("the states of a mirror", () => {
  it("a set counts once it is complete, and the one before is retired only then", () => {
    expect(mirroring).toMatchObject({ state: "mirroring", complete: { number: 1 }, next: null, retired: [] });
    const second = advanceMirror(mirroring, { type: "set-planned" });
    expect(second).toMatchObject({
      complete: { number: 1 },
      next: { number: 2, takenAt: null },
      retired: [],
    });
    const taken = advanceMirror(second, { type: "set-taken", at });
    expect(taken).toMatchObject({ complete: { number: 1 }, next: { number: 2, takenAt: at }, retired: [] });
    const complete = advanceMirror(taken, { type: "set-complete" });
    expect(complete).toMatchObject({ complete: { number: 2 }, next: null, retired: [1] });
    expect(advanceMirror(complete, { type: "sets-removed", numbers: [1] }).retired).toEqual([]);
  });

  it("a set that is given up gets no second chance, and its number is not used again", () => {
    const again = after(...set, { type: "set-planned" }, { type: "set-planned" });
    expect(again).toMatchObject({ complete: { number: 1 }, next: { number: 3 }, retired: [2], lastSet: 3 });
  });

  it("a machine is switched only to a complete set, and confirmed only when it is switched", () => {
    refused(begun, { type: "switch-begun" });
    refused(advanceMirror(mirroring, { type: "set-planned" }), { type: "switch-begun" });
    refused(mirroring, { type: "switched", at });
    refused(mirroring, { type: "pivot-confirmed", sources: "keep" });
    const switching = advanceMirror(mirroring, { type: "switch-begun" });
    refused(switching, { type: "pivot-confirmed", sources: "keep" });
    expect(advanceMirror(switching, { type: "switch-failed" })).toEqual(mirroring);
    const pivoted = advanceMirror(switching, { type: "switched", at });
    const confirming = advanceMirror(pivoted, { type: "pivot-confirmed", sources: "keep" });
    // What becomes of the sources is what was said first.
    expect(advanceMirror(confirming, { type: "pivot-confirmed", sources: "trash" })).toEqual(confirming);
  });

  it("nothing is removed, taken or copied from the switch on, unless the caller knows that there was none", () => {
    const switching = advanceMirror(mirroring, { type: "switch-begun" });
    const pivoted = advanceMirror(switching, { type: "switched", at });
    for (const record of [switching, pivoted]) {
      refused(record, { type: "set-planned" });
      refused(record, { type: "aborted" });
    }
    expect(advanceMirror(switching, { type: "aborted", isSwitched: false }).state).toBe("aborting");
    refused(pivoted, { type: "aborted", isSwitched: false });
  });

  it("whatever happens in whatever order, a complete set is never retired, and never lost", () => {
    const event = fc.oneof(
      ...[...set, ...set, { type: "switch-begun" } as const, { type: "switch-failed" } as const].map((each) =>
        fc.constant<MirrorEvent>(each),
      ),
      fc.constant<MirrorEvent>({ type: "switched", at }),
      fc.constant<MirrorEvent>({ type: "aborted" }),
    );
    const apply = (record: MirrorRecord, next: MirrorEvent) => {
      try {
        return advanceMirror(record, next);
      } catch {
        return record;
      }
    };
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        let record = begun;
        for (const each of events) {
          const now = apply(record, each);
          expect(now.complete?.number ?? 0).toBeGreaterThanOrEqual(record.complete?.number ?? 0);
          expect(now.retired).not.toContain(now.complete?.number);
          expect(now.retired).not.toContain(now.next?.number);
          expect(new Set(now.retired).size).toBe(now.retired.length);
          record = now;
        }
      }),
    );
  });
});

describe("the lag", () => {
  const now = new Date("2026-03-01T00:01:30.000Z");
  it("is the age of the complete set, while there is one to fall behind", () => {
    expect(toMirror(begun, null, now).lagSeconds).toBeNull();
    expect(toMirror(mirroring, null, now).lagSeconds).toBe(90);
    expect(toMirror(advanceMirror(mirroring, { type: "set-planned" }), null, now).lagSeconds).toBe(90);
    const switched = after(...set, { type: "switch-begun" }, { type: "switched", at });
    expect(toMirror(switched, null, now).lagSeconds).toBeNull();
  });

  it("leaves room for two syncs and a half in its target", () => {
    expect(pauseBetween(60_000, 4000)).toBe(50_000);
    expect(pauseBetween(60_000, 24_000)).toBe(0);
    expect(pauseBetween(60_000, 90_000)).toBe(0);
  });
});
