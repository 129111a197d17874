import { showGroup } from "../headers/details/name-group.ts";
import type { DeletionFacts } from "./deletion-facts.ts";
import type { DeletionPlan, DeletionStep, DeletionWay } from "./deletion-plan-types.ts";
import { planDeletion } from "./plan-deletion.ts";
import { showStep } from "./show-step.ts";

/** What comes next when the facts are as they are now. */
export type NextStep =
  | { state: "go"; step: DeletionStep }
  | { state: "done" }
  /** The facts are not what the plan was made for: nothing more may be done. */
  | { state: "surprise"; reason: string };

/**
 * Plans again from the facts of this moment and compares: what is left to do must be part of what the plan
 * said. Steps that somebody else did meanwhile are left out; a step that the plan did not have is a surprise,
 * and so is a new blocker. Pure.
 *
 * @param facts `null`: the target is gone
 * @param last the step carried out just before: it must have had its effect
 */
export function nextStep(
  plan: DeletionPlan,
  way: DeletionWay,
  facts: DeletionFacts | null,
  last: DeletionStep | undefined,
): NextStep {
  const planned = plan.ways.find((each) => each.way === way);
  if (planned === undefined || !planned.open) return surprise("the plan has no such way");
  if (facts === null || arrived(way, facts)) return { state: "done" };
  const now = planDeletion(facts);
  const left = now.ways.find((each) => each.way === way);
  if (left === undefined) return surprise("the target is not what it was");
  if (!left.open) {
    const reasons = now.blockers.filter(({ closes }) => closes.includes(way)).map(({ message }) => message);
    return surprise(reasons.join("; "));
  }
  const known = new Set(planned.steps.map(identity));
  const unplanned = left.steps.filter((step) => !known.has(identity(step)));
  if (unplanned.length > 0) {
    return surprise(`the plan did not say: ${unplanned.map(showStep).join("; ")}`);
  }
  const [step] = left.steps;
  if (step === undefined) return { state: "done" };
  if (last !== undefined && identity(last) === identity(step)) {
    return surprise(`it had no effect to ${showStep(step)}`);
  }
  return { state: "go", step };
}

/** The way to the trash ends there. */
function arrived(way: DeletionWay, facts: DeletionFacts): boolean {
  if (way !== "trash") return false;
  if (facts.snapshotId === null) return facts.trash !== null;
  return facts.snapshots.find(({ id }) => id === facts.snapshotId)?.kind === "trash";
}

/** Two steps are the same when they do the same to the same thing, whatever it costs. */
function identity(step: DeletionStep): string {
  switch (step.do) {
    case "flatten":
      return ["flatten", step.child.pool, step.child.namespace, step.child.id].join("\0");
    case "unprotect":
      return `unprotect\0${step.snapshot.id}\0${step.snapshot.name}`;
    case "remove-snapshot":
      return `remove-snapshot\0${step.snapshot.id}\0${step.snapshot.name}\0${step.kept}`;
    case "leave-group":
      return `leave-group\0${showGroup(step.group)}`;
    case "move-to-trash":
    case "remove-from-trash":
      return step.do;
  }
}

function surprise(reason: string): NextStep {
  return { state: "surprise", reason };
}
