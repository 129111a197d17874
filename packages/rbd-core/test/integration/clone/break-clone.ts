import { expect } from "vitest";
import { cloneImage } from "../../../src/clone/clone-image.ts";
import type { CloneOptions } from "../../../src/clone/clone-plan.ts";
import { CoppiceError } from "../../../src/errors/coppice-error.ts";
import { inventory } from "../../../src/inventory/inventory.ts";
import { type Fault, faultyCluster } from "../../support/break-call.ts";
import { faultsIn } from "../../support/soak.ts";
import type { OwnPools } from "../../support/use-own-pool.ts";

/** Everything about the pool that a clone could change. */
async function state(own: OwnPools): Promise<unknown> {
  const { rows } = await inventory(own.cluster, { pools: [own.pool] });
  return rows.map((row) => (row.state === "ok" ? { ...row, modifiedAt: null } : row));
}

/** Breaks the calls of the flow in turn, before and after they took effect, as {@link faultsIn} chooses them. */
export async function breakEachCall(
  own: OwnPools,
  prepare: () => Promise<Omit<CloneOptions, "target">>,
  target: string,
) {
  const options = { ...(await prepare()), target: `${own.pool}/${target}` };
  const before = await state(own);
  const run = async (fault: Fault | null) => {
    const { cluster, calls } = faultyCluster(own.native, fault);
    const outcome = await cloneImage(cluster, options).then(
      () => "done",
      (error: unknown) => error,
    );
    return { calls, outcome };
  };
  const whole = await run(null);
  expect(whole.outcome).toBe("done");
  await own.witness.rbd("rm", "--no-progress", options.target);
  await removeLeftovers(own, options);
  expect(await state(own)).toEqual(before);
  for (const late of [false, true]) {
    for (const at of faultsIn(whole.calls, late)) {
      const { calls, outcome } = await run({ at, late });
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
