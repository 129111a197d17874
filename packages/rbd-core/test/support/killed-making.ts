import { expect } from "vitest";
import { readOperations } from "../../src/operation/index.ts";
import { reconcile } from "../../src/reconcile/index.ts";
import { type Flow, type Kill, runAndKill } from "./kill-at.ts";
import { deathsAt } from "./soak.ts";
import type { OwnPools } from "./use-own-pool.ts";

export interface KilledMaking {
  readonly own: OwnPools;
  /** The pool in which source and target are. */
  readonly pool: string;
  /** `pool/image` */
  readonly source: string | null;
  readonly target: string;
  readonly flow: Flow;
  /** The same call in this process, which must succeed. */
  again(): Promise<unknown>;
  /** Checks that the target is what it should be. */
  check(): Promise<void>;
}

export type Outcomes = Record<string, number>;

/** Kills the flow at every one of its changes; see {@link deathsAt} and {@link killOnce}. */
export async function killAtEveryChange(making: KilledMaking, turn: 0 | 1 = 0): Promise<Outcomes> {
  const outcomes: Outcomes = {};
  const count = (what: string) => {
    outcomes[what] = (outcomes[what] ?? 0) + 1;
  };
  const before = await stateOf(making);
  for (let nth = 1; ; nth++) {
    for (const { late, remedy } of deathsAt(nth, turn)) {
      const { killed, outcome } = await killOnce(making, { nth, late }, remedy, before);
      if (!killed) return outcomes;
      count(`${remedy}: ${outcome}`);
    }
  }
}

/** Kills the flow once, has it made again or reconciled, checks that nothing is left, and puts everything back. */
export async function killOnce(
  making: KilledMaking,
  kill: Kill,
  remedy: "again" | "reconcile",
  before: unknown,
): Promise<{ killed: boolean; outcome: string }> {
  const { own, pool, flow, target, source } = making;
  const { killed, at } = await runAndKill({ conf: own.conf, kill, flow });
  const which = `${JSON.stringify(kill)} at ${at}, ${remedy}`;
  const ioCtx = await own.cluster.pool(pool);
  try {
    let outcome = "made";
    if (killed && remedy === "again") {
      const isThere = (await readOperations(ioCtx)).length === 0 && (await exists(own, target));
      if (isThere) outcome = "was whole";
      else await making.again();
    }
    if (killed && remedy === "reconcile") {
      const reconciled = await reconcile(own.cluster, { pools: [pool] });
      for (const { error } of reconciled) if (error !== null) throw error;
      outcome = reconciled.map((each) => each.outcome).join() || "no record";
    }
    expect(await readOperations(ioCtx)).toEqual([]);
    if (remedy === "again" || (await exists(own, target))) {
      await making.check();
      for (const spec of [target, source]) if (spec !== null) await forgetDeadClients(own, spec);
      await removeImage(own, target);
      // What the flow rightly leaves on the source.
      if (source !== null) await removeSnapshots(own, source, /^coppice-/);
    }
    expect(await stateOf(making)).toEqual(before);
    return { killed, outcome };
  } catch (error) {
    throw new Error(`killed with ${which}: ${String(error)}`, { cause: error });
  }
}

/** Without the clients that the cluster has not yet forgotten. */
export async function stateOf({ own, pool }: KilledMaking): Promise<unknown> {
  return JSON.parse(
    JSON.stringify(await own.look(pool), (key, value: unknown) => {
      if (key === "watchers" || key === "lockers") return undefined;
      return typeof value === "bigint" ? String(value) : value;
    }),
  );
}

async function placeOf(own: OwnPools, spec: string) {
  const [pool = "", name = ""] = spec.split("/");
  return { ioCtx: await own.cluster.pool(pool), name };
}

async function exists(own: OwnPools, spec: string): Promise<boolean> {
  const { ioCtx, name } = await placeOf(own, spec);
  return (await ioCtx.listImages()).some((image) => image.name === name);
}

async function forgetDeadClients(own: OwnPools, spec: string): Promise<void> {
  const { ioCtx, name } = await placeOf(own, spec);
  await using image = await ioCtx.openImage(name, { readOnly: true });
  for (const { address } of await image.listWatchers()) {
    await own.cluster.monCommand({ prefix: "osd blocklist", blocklistop: "add", addr: address });
  }
  await expect.poll(() => image.listWatchers(), { timeout: 20_000 }).toEqual([]);
}

async function removeImage(own: OwnPools, spec: string): Promise<void> {
  const { ioCtx, name } = await placeOf(own, spec);
  await removeSnapshots(own, spec, /./);
  await ioCtx.removeImage(name);
}

/** Removes the snapshots of these names, and the protection that a test did not begin with. */
async function removeSnapshots(own: OwnPools, spec: string, names: RegExp): Promise<void> {
  const { ioCtx, name: image } = await placeOf(own, spec);
  await using opened = await ioCtx.openImage(image);
  for (const { name, protected: isProtected } of await opened.listSnapshots()) {
    if (isProtected && !name.startsWith("guarded")) await opened.unprotectSnapshot(name);
    if (names.test(name)) await opened.removeSnapshot(name);
  }
}
