import { writeSteps } from "rbd-native";
import { expect } from "vitest";
import type { Cluster } from "../../src/cluster/cluster.ts";
import type { CoppiceError } from "../../src/errors/coppice-error.ts";
import { withBrokenCall } from "./break-call.ts";
import type { OwnPools } from "./use-own-pool.ts";

export interface BrokenRemoval {
  own: OwnPools;
  /** Holds nothing but what is made here. */
  pool: string;
  /** Makes what is to be removed. */
  make(): Promise<void>;
  /** Removes all of it, on this connection. */
  flow(cluster: Cluster): Promise<unknown>;
  /** Clears away what `make` made and a failed removal left. */
  clear(): Promise<void>;
  /** Whether the fault strikes before the call, or after it took effect. */
  late: boolean;
}

export interface RemovalFaults {
  /** The calls that were broken, by name. */
  broken: Set<string>;
  /** Those after which an image stayed in the trash, because its removal had begun. */
  left: Set<string>;
}

/**
 * Breaks every call of a removal in turn. Afterwards the pool must look as before, or be empty because the removal was
 * done all the same; or the removal had begun, and then the error says so and names the image in the trash by its id.
 */
export async function breakRemoval(removal: BrokenRemoval): Promise<RemovalFaults> {
  const { own, pool, make, flow, clear, late } = removal;
  const faults: RemovalFaults = { broken: new Set(), left: new Set() };
  await using ioCtx = await own.native.openPool(pool);
  for (let at = 0; ; at++) {
    await make();
    const before = await own.look(pool);
    const { calls, struck, outcome } = await withBrokenCall(own.native, at, late, flow);
    const name = calls[at] ?? "";
    if (struck !== undefined) faults.broken.add(name);
    // Otherwise the flow has fewer calls, and nothing was broken.
    if (struck === undefined) expect(outcome.error, `run ${at}, unbroken`).toBeUndefined();
    const [entry] = await ioCtx.listTrash();
    if (outcome.error === undefined) {
      expect([await ioCtx.listImages(), entry], `${struck}`).toEqual([[], undefined]);
      if (struck === undefined) return faults;
    } else if (entry === undefined) {
      expect(await own.look(pool), `${struck}: ${String(outcome.error)}`).toEqual(before);
      await clear();
    } else {
      faults.left.add(name);
      expect(outcome.error, `${struck}`).toMatchObject({ code: "UNDO_FAILED" });
      expect((outcome.error as CoppiceError).left.join(), `${struck}`).toContain(
        `in the trash as ${entry.id}`,
      );
      await clearTrash();
    }
  }

  async function clearTrash(): Promise<void> {
    for (const { id } of await ioCtx.listTrash()) {
      {
        await using image = await ioCtx.openImage({ id });
        for (const { name } of await image.listSnapshots()) await image.removeSnapshot(name);
      }
      await ioCtx.trashRemove(id);
    }
    // The record of the removal that could not be undone: the next run is to begin as the first one did.
    await ioCtx.objects.write("coppice.operations", [writeSteps.remove()]);
  }
}
