import type { ClonePlan } from "./clone-plan.ts";

/** What was done: the plan as it was carried out, and what is new on the cluster besides the clone. */
export interface CloneResult extends Omit<ClonePlan, "snapshot" | "protect" | "flatten"> {
  /** Ceph's id of the clone. */
  id: string;
  /** What the clone hangs on, or hung on before it was flattened. `reason` says why that one. */
  snapshot: { name: string; id: bigint; reason: string };
  /** Whether the snapshot was there before. */
  reused: boolean;
  /** What was made on the source and is still there: after a flatten only what other clones took hold of meanwhile. */
  created: { snapshot: boolean; protection: boolean };
  flattened: boolean;
}
