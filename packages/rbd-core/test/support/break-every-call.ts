import { expect } from "vitest";
import type { Cluster } from "../../src/cluster/cluster.ts";
import { withBrokenCall } from "./break-call.ts";
import { faultsIn } from "./soak.ts";
import type { OwnPools } from "./use-own-pool.ts";

export interface BrokenFlow<T> {
  own: OwnPools;
  /** The pools that must look as before after each failure. */
  pools: readonly string[];
  /** What is broken, on this connection. It succeeds when nothing is broken. */
  flow(cluster: Cluster): Promise<T>;
  /** Takes away what the flow made when it succeeded. */
  reset(): Promise<void>;
  /** Whether the fault strikes before the call, or after it took effect. */
  late: boolean;
  /** For flows that do without what a call would have told: says that a result in spite of the fault admits it. */
  tolerates?(result: T, struck: string): boolean;
  /** For flows that have a point of no return: says that the state after a failure is one that may be. */
  accepts?(error: unknown, after: unknown, struck: string): boolean;
}

/**
 * Runs a flow again and again, breaking one of its calls of the binding after the other, as {@link faultsIn} chooses them.
 * After every failure the pools must look as before, down to the RADOS objects.
 *
 * @returns the names of the calls that were broken
 */
export async function breakEveryCall<T>(broken: BrokenFlow<T>): Promise<Set<string>> {
  const { own, pools, flow, late } = broken;
  const look = () => own.look(...pools);
  const before = await look();
  const names = new Set<string>();
  const whole = await withBrokenCall(own.native, Number.POSITIVE_INFINITY, late, flow);
  expect(whole.outcome.error, "the unbroken run").toBeUndefined();
  await broken.reset();
  for (const at of faultsIn(whole.calls, late)) {
    const { calls, struck, outcome } = await withBrokenCall(own.native, at, late, flow);
    if (struck === undefined) {
      // Nothing was broken: this time the flow has fewer calls.
      expect(outcome.error, `run ${at}, unbroken`).toBeUndefined();
      await broken.reset();
      continue;
    }
    names.add(calls[at] ?? "");
    const what = `${struck} broken ${late ? "after it took effect" : "before"}`;
    if (outcome.error === undefined) {
      expect(broken.tolerates?.(outcome.result as T, struck), `${what}, and nobody noticed`).toBe(true);
      await broken.reset();
      continue;
    }
    const after = await look();
    if (broken.accepts?.(outcome.error, after, struck)) continue;
    expect(after, `${what}: ${String(outcome.error)}`).toEqual(before);
    expect((outcome.error as { code?: unknown }).code, `${what}: ${String(outcome.error)}`).toBe("IO");
  }
  return names;
}
