import { CoppiceError } from "../errors/index.ts";
import { showImageSpec } from "../names/index.ts";
import { type MirrorRecord, type MirrorState, placeOf } from "./mirror-record.ts";

/** What happens to a mirror. Each event is one write of its record. */
export type MirrorEvent =
  /** The mirror image of a disk was made. */
  | { readonly type: "image-made"; readonly disk: number; readonly id: string }
  /** Snapshots of the sources are about to be taken. A set that was being made is given up. */
  | { readonly type: "set-planned" }
  /** All of them are there. */
  | { readonly type: "set-taken"; readonly at: string }
  /** All mirrors hold them: the set before is not needed any more. */
  | { readonly type: "set-complete" }
  /** No snapshot of these sets is left. */
  | { readonly type: "sets-removed"; readonly numbers: readonly number[] }
  /** The hook that switches the machine over is about to be called. */
  | { readonly type: "switch-begun" }
  /** It has not switched. */
  | { readonly type: "switch-failed" }
  | { readonly type: "switched"; readonly at: string }
  | { readonly type: "pivot-confirmed"; readonly sources: "keep" | "trash" }
  /** `isSwitched: false`: the caller knows that an interrupted switch did not take place. */
  | { readonly type: "aborted"; readonly isSwitched?: false | undefined };

/**
 * The record of a mirror after an event. Pure. What is complete is only ever replaced by another set that is complete, and a
 * set is named for removal only when it is neither complete nor being made.
 *
 * @throws {CoppiceError} `INVALID_ARGUMENT` for an event that cannot happen in the mirror's state
 */
export function advanceMirror(record: MirrorRecord, event: MirrorEvent): MirrorRecord {
  const { state, complete, next, retired, lastSet } = record;
  const allowIn = (...states: MirrorState[]) => {
    if (!states.includes(state)) throw notNow(record, event);
  };
  switch (event.type) {
    case "image-made":
      allowIn("starting");
      return {
        ...record,
        disks: record.disks.map((disk, i) => (i === event.disk ? { ...disk, mirrorId: event.id } : disk)),
      };
    case "set-planned":
      allowIn("starting", "mirroring");
      return {
        ...record,
        lastSet: lastSet + 1,
        next: { number: lastSet + 1, takenAt: null },
        retired: next === null ? retired : [...retired, next.number],
      };
    case "set-taken":
      allowIn("starting", "mirroring");
      if (next === null || next.takenAt !== null) throw notNow(record, event);
      return { ...record, next: { number: next.number, takenAt: event.at } };
    case "set-complete":
      allowIn("starting", "mirroring");
      if (next === null || next.takenAt === null) throw notNow(record, event);
      return {
        ...record,
        state: "mirroring",
        complete: { number: next.number, takenAt: next.takenAt },
        next: null,
        retired: complete === null ? retired : [...retired, complete.number],
      };
    case "sets-removed":
      return { ...record, retired: retired.filter((each) => !event.numbers.includes(each)) };
    case "switch-begun":
      allowIn("mirroring");
      if (complete === null || next !== null) throw notNow(record, event);
      return { ...record, state: "switching" };
    case "switch-failed":
      allowIn("switching");
      return { ...record, state: "mirroring" };
    case "switched":
      allowIn("switching");
      return { ...record, state: "pivoted", switchedAt: event.at };
    case "pivot-confirmed":
      allowIn("pivoted", "confirming");
      return { ...record, state: "confirming", sources: record.sources ?? event.sources };
    case "aborted":
      if (event.isSwitched === false) allowIn("starting", "mirroring", "aborting", "switching");
      else allowIn("starting", "mirroring", "aborting");
      return { ...record, state: "aborting" };
  }
}

const hints: Record<MirrorState, string> = {
  starting: "Start it again, which goes on with it, or abort it.",
  mirroring: "Synchronise, pivot or abort it.",
  switching:
    "Pivot again, which finds out what became of the switch; or abort with `isSwitched: false`, if the machine still uses the sources.",
  pivoted: "The machine uses the mirrors: confirm the pivot.",
  confirming: "Confirm the pivot again, which goes on with it.",
  aborting: "Abort it again, which goes on with it.",
};

const doing: Record<MirrorEvent["type"], string> = {
  "image-made": "started",
  "set-planned": "synchronised",
  "set-taken": "synchronised",
  "set-complete": "synchronised",
  "sets-removed": "synchronised",
  "switch-begun": "pivoted",
  "switch-failed": "pivoted",
  switched: "pivoted",
  "pivot-confirmed": "confirmed",
  aborted: "aborted",
};

function notNow(record: MirrorRecord, event: MirrorEvent): CoppiceError {
  const object = showImageSpec(placeOf(record));
  return new CoppiceError({
    code: "INVALID_ARGUMENT",
    call: "advanceMirror",
    object,
    message: `the mirror ${object} cannot be ${doing[event.type]} now: it is ${record.state} (${event.type})`,
    hint: hints[record.state],
  });
}
