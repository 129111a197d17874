import type { ClonePlan } from "../clone/clone-plan.ts";

/**
 * - `snapshot`: of the source; made, protected or both, as far as needed.
 * - `clone`: the new image.
 * - `flatten`: what it shares with the source is copied; counts objects.
 * - `release`: what was made on the source is taken away again.
 * - `grow`: to the size that was asked for.
 */
export type DerivePhase = "snapshot" | "clone" | "flatten" | "release" | "grow";

/** Whether the source has to be touched at all. */
export function touchesSource(plan: ClonePlan): boolean {
  return plan.snapshot.action === "create" || plan.protect;
}

/** The steps that deriving an image will take. Pure. */
export function derivePhases(plan: ClonePlan, touches = touchesSource(plan)): DerivePhase[] {
  const phases: DerivePhase[] = [];
  if (touches) phases.push("snapshot");
  phases.push("clone");
  if (plan.flatten) phases.push("flatten");
  if (plan.flatten && touches) phases.push("release");
  if (plan.size > plan.sourceSize) phases.push("grow");
  return phases;
}
