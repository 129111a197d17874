import type { ClonePlan } from "../clone/clone-plan.ts";

/**
 * - `snapshot`, `protect`: on the source, when needed.
 * - `clone`: the new image.
 * - `flatten`: what it shares with the source is copied; counts objects.
 * - `release`: what was made on the source is taken away again.
 * - `grow`: to the size that was asked for.
 */
export type DerivePhase = "snapshot" | "protect" | "clone" | "flatten" | "release" | "grow";

export interface DeriveWishes {
  flatten: boolean;
  /** Bytes; `null` leaves the source's size. */
  grow: number | null;
}

/** The steps that deriving an image will take. Pure. */
export function derivePhases(plan: ClonePlan, wishes: DeriveWishes): DerivePhase[] {
  const creates = plan.snapshot.action === "create";
  const phases: DerivePhase[] = [];
  if (creates) phases.push("snapshot");
  if (plan.protect) phases.push("protect");
  phases.push("clone");
  if (wishes.flatten) phases.push("flatten");
  if (wishes.flatten && (creates || plan.protect)) phases.push("release");
  if (wishes.grow !== null) phases.push("grow");
  return phases;
}
