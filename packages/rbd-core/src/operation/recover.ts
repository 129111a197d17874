import type { Cluster } from "../cluster/index.ts";
import { CoppiceError } from "../errors/index.ts";
import { showImageSpec } from "../names/index.ts";
import type { Operation } from "./operation.ts";

/** What became of an interrupted operation. */
export interface Recovery {
  /**
   * - `finished`: what it made is whole, and stays.
   * - `undone`: nothing of it is left.
   * - `left`: something of it is left, because somebody uses it; its record stays too.
   */
  readonly outcome: "finished" | "undone" | "left";
  /** What stands on the cluster now; one sentence without a full stop. */
  readonly what: string;
}

export interface RecoverOptions {
  /**
   * The same thing is about to be made again under the same name, so what is whole and not used yet is undone as well.
   * Default false.
   */
  readonly again?: boolean | undefined;
}

/**
 * Finishes or undoes what an interrupted operation left, by what stands on the cluster. It may be interrupted anywhere, and
 * be called again.
 *
 * @param operation The operation as this process took it over: {@link Operation.interrupted} is what was recorded.
 */
export type Recover = (cluster: Cluster, operation: Operation, options?: RecoverOptions) => Promise<Recovery>;

/** The recovery of each kind of operation. */
export type Recoveries = Readonly<Record<string, Recover>>;

let recoveries: Recoveries = {};

/**
 * Says how operations of each kind are finished or undone. The table is in `reconcile`, above everything that it names;
 * what makes an image needs it here, below, because any kind of operation can have left something under the image's name.
 */
export function useRecoveries(table: Recoveries): void {
  recoveries = table;
}

/**
 * Finishes or undoes what the operation left that this one took over, whatever kind that was. Does not end the operation.
 *
 * @throws {CoppiceError} `UNSUPPORTED` for a kind that this version does not know; what the recovery throws
 */
export async function recoverLeftovers(
  cluster: Cluster,
  operation: Operation,
  options: RecoverOptions = {},
): Promise<Recovery> {
  const { interrupted, place } = operation;
  if (interrupted === null) return { outcome: "undone", what: "nothing was interrupted" };
  const recover = Object.hasOwn(recoveries, interrupted.kind) ? recoveries[interrupted.kind] : undefined;
  if (recover !== undefined) return await recover(cluster, operation, options);
  const object = showImageSpec(place);
  throw new CoppiceError({
    code: "UNSUPPORTED",
    call: "recoverLeftovers",
    object,
    message: `the interrupted operation ${JSON.stringify(interrupted.kind)} on ${object} is of a kind that this version does not know`,
    hint: "A newer version of Coppice began it. Finish it with that version.",
  });
}
