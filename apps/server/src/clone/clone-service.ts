import type { CloneInput, ClonePlanView } from "../procedures/clone/clone.schema.ts";

/** Clones images. */
export interface CloneService {
  /** Looks at the cluster and says what a clone would do. */
  plan(input: CloneInput, signal: AbortSignal | undefined): Promise<ClonePlanView>;
  /** Checks the names and queues the clone. */
  start(input: CloneInput, user: { id: string; username: string }): Promise<{ taskId: string }>;
}
