import type { ClonePlan } from "./clone-plan.ts";

/** What was done: the plan as it was carried out, and what is new on the cluster besides the clone. */
export interface CloneResult extends Omit<ClonePlan, "snapshot" | "protect"> {
  /** What the clone hangs on. `reason` says why that one. */
  snapshot: { name: string; id: bigint; reason: string };
  /** Whether the snapshot was there before. */
  reused: boolean;
  /** What was made on the source. */
  created: { snapshot: boolean; protection: boolean };
}
