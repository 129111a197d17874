import type { Cluster } from "../cluster/index.ts";
import type { Operation } from "./operation.ts";

/** What became of an interrupted operation. */
export interface Recovery {
  /**
   * - `finished`: what the operation was to do is done.
   * - `undone`: everything is as it was before the operation, or nothing had been changed yet.
   * - `left`: it could neither be finished nor undone without touching what belongs to somebody else.
   */
  outcome: "finished" | "undone" | "left";
  /** One sentence without a full stop: what stands on the cluster now. */
  what: string;
}

/**
 * Finishes or undoes what an interrupted operation left, by what stands on the cluster. It is idempotent, so it may itself
 * be interrupted and called again.
 *
 * @param operation Begun anew: its record is the interrupted one's. The caller ends it.
 */
export type Recover = (cluster: Cluster, operation: Operation) => Promise<Recovery>;
