import { expect } from "vitest";
import { cloneImage } from "../../../src/clone/clone-image.ts";
import type { CloneOptions } from "../../../src/clone/clone-plan.ts";
import { CoppiceError } from "../../../src/errors/coppice-error.ts";
import { inventory } from "../../../src/inventory/inventory.ts";
import { type Fault, faultyCluster } from "../../support/break-call.ts";
import type { OwnPools } from "../../support/use-own-pool.ts";

/** Everything about the pool that a clone could change. */
async function state(own: OwnPools): Promise<unknown> {
  const { rows } = await inventory(own.cluster, { pools: [own.pool] });
  return rows.map((row) => (row.state === "ok" ? { ...row, modifiedAt: null } : row));
}

/** Breaks every call of the flow once, before and after it took effect. */
export async function breakEachCall(
  own: OwnPools,
  prepare: () => Promise<Omit<CloneOptions, "target">>,
  target: string,
) {
  const options = { ...(await prepare()), target: `${own.pool}/${target}` };
  const before = await state(own);
  for (const late of [false, true]) {
    for (let at = 0; ; at++) {
      const fault: Fault = { at, late };
      const { cluster, calls } = faultyCluster(own.native, fault);
      const outcome = await cloneImage(cluster, options).then(
        () => "done",
        (error: unknown) => error,
      );
      if (calls.length <= at) {
        // One call more than the flow has: nothing was broken, and it went through.
        expect(outcome).toBe("done");
        await own.witness.rbd("rm", "--no-progress", options.target);
        await removeLeftovers(own, options);
        expect(await state(own)).toEqual(before);
        break;
      }
      const which = `${calls[at]} (call ${at}${late ? ", late" : ""})`;
      expect(outcome, which).toBeInstanceOf(CoppiceError);
      expect(outcome, which).toMatchObject({ code: "IO", left: [] });
      expect(await state(own), which).toEqual(before);
    }
  }
}

/** After the run in which nothing was broken: what a clone rightly leaves behind. */
async function removeLeftovers(own: OwnPools, { source }: CloneOptions): Promise<void> {
  const [image] = String(source).split("@");
  const snapshots = (await own.witness.json("snap", "ls", String(image))) as {
    name: string;
    protected: string;
  }[];
  for (const { name, protected: isProtected } of snapshots) {
    const spec = `${image}@${name}`;
    if (isProtected === "true" && name !== "guarded") await own.witness.rbd("snap", "unprotect", spec);
    if (name.startsWith("coppice-")) await own.witness.rbd("snap", "rm", "--no-progress", spec);
  }
}
