import type { DeletionPlanView, TaskLogLine, TaskState } from "@coppice/server/router";
import { isActive } from "#lib/task.ts";

export type DeletionWay = DeletionPlanView["ways"][number];
export type Blocker = DeletionPlanView["blockers"][number];

/** What the plan is about, in words. */
export function targetNoun(snapshot: string | null): "snapshot" | "image" {
  return snapshot === null ? "image" : "snapshot";
}

/** The way that is shown first: the shortest that is open, otherwise the first. */
export function firstWay({ ways }: DeletionPlanView): DeletionWay | undefined {
  return ways.find(({ open }) => open) ?? ways[0];
}

/** What a way takes along for good, beside the target itself. */
export function takesAlong(way: DeletionWay): { snapshots: number; flattens: number } {
  const count = (wanted: DeletionWay["steps"][number]["do"]) =>
    way.steps.filter((step) => step.do === wanted).length;
  return { snapshots: count("remove-snapshot"), flattens: count("flatten") };
}

/** What stands in the way of a deletion, as it is listed. */
export interface Blockage {
  /** What somebody has to deal with first. */
  closing: Blocker[];
  /** What a step of the plan deals with: clones first. */
  solved: Blocker[];
  /** The number of snapshots that go with the image, when there are too many to list each. */
  snapshots: number;
}

/** More snapshots than this are one line: the steps name each. */
const MOST_SNAPSHOTS = 3;

export function sortBlockers(blockers: readonly Blocker[], way: DeletionWay["way"]): Blockage {
  const closing = blockers.filter(({ closes }) => closes.includes(way));
  const solved = blockers.filter(({ closes }) => !closes.includes(way));
  const snapshots = solved.filter(({ kind }) => kind === "snapshot");
  const others = solved.filter(({ kind }) => kind !== "snapshot");
  others.sort((a, b) => Number(b.kind === "child") - Number(a.kind === "child"));
  return snapshots.length > MOST_SNAPSHOTS
    ? { closing, solved: others, snapshots: snapshots.length }
    : { closing, solved: [...others, ...snapshots], snapshots: 0 };
}

export type StepState = "done" | "running" | "stopped" | "waiting";

/** How far each step of a running deletion is. Its log has a line for each step that has begun: "Step 2 of 5: …". */
export function stepStates(count: number, log: readonly TaskLogLine[], state: TaskState): StepState[] {
  const begun = log.filter(({ text }) => /^Step \d+ of \d+: /.test(text)).length;
  return Array.from({ length: count }, (_, index) => {
    if (state === "succeeded" || index < begun - 1) return "done";
    if (index >= begun) return "waiting";
    return isActive(state) ? "running" : "stopped";
  });
}
