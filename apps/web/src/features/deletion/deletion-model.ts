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

/** The blockers that somebody has to deal with first, and those that a step of the plan deals with. */
export function sortBlockers(blockers: readonly Blocker[], way: DeletionWay["way"]) {
  return {
    closing: blockers.filter(({ closes }) => closes.includes(way)),
    solved: blockers.filter(({ closes }) => !closes.includes(way)),
  };
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
