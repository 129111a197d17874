import { describe, expect, it } from "vitest";
import { cloneImage } from "../../../src/clone/clone-image.ts";
import type { CloneOptions } from "../../../src/clone/clone-plan.ts";
import { CoppiceError } from "../../../src/errors/coppice-error.ts";
import { protectSnapshot } from "../../../src/image/snapshots.ts";
import { inventory } from "../../../src/inventory/inventory.ts";
import { type Fault, faultyCluster } from "../../support/break-call.ts";
import { imageWithHistory, mib } from "../../support/fill.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";

const own = useOwnPool("clone-faults");

/** Everything about the pool that a clone could change. */
async function state(): Promise<unknown> {
  const { rows } = await inventory(own.cluster, { pools: [own.pool] });
  return rows.map((row) => (row.state === "ok" ? { ...row, modifiedAt: null } : row));
}

/** Breaks every call of the flow once, before and after it took effect. */
async function breakEachCall(prepare: () => Promise<Omit<CloneOptions, "target">>, target: string) {
  const options = { ...(await prepare()), target: `${own.pool}/${target}` };
  const before = await state();
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
        await takeBack(options);
        expect(await state()).toEqual(before);
        break;
      }
      const which = `${calls[at]} (call ${at}${late ? ", late" : ""})`;
      expect(outcome, which).toBeInstanceOf(CoppiceError);
      expect(outcome, which).toMatchObject({ code: "IO", left: [] });
      expect(await state(), which).toEqual(before);
    }
  }
}

/** After the run in which nothing was broken: what a clone rightly leaves behind. */
async function takeBack({ source }: CloneOptions): Promise<void> {
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

describe("a clone of which one call fails leaves everything as it was", { timeout: 300_000 }, () => {
  it("when it creates and protects a snapshot", async () => {
    await breakEachCall(async () => {
      await imageWithHistory(own.cluster, `${own.pool}/creates`, ["monday"]);
      return { source: `${own.pool}/creates`, cloneFormat: 1 };
    }, "creates-1");
  });

  it("when it creates a snapshot for clone format 2", async () => {
    await breakEachCall(async () => {
      await imageWithHistory(own.cluster, `${own.pool}/creates-2`, []);
      return { source: `${own.pool}/creates-2`, cloneFormat: 2 };
    }, "creates-2-1");
  });

  it("when it reuses a snapshot and protects it", async () => {
    await breakEachCall(async () => {
      await imageWithHistory(own.cluster, `${own.pool}/reuses`, ["monday", "tuesday="]);
      return { source: `${own.pool}/reuses` };
    }, "reuses-1");
  });

  it("when the snapshot was protected before", async () => {
    await breakEachCall(async () => {
      await imageWithHistory(own.cluster, `${own.pool}/guards`, ["guarded="]);
      await protectSnapshot(own.cluster, `${own.pool}/guards@guarded`);
      return { source: `${own.pool}/guards` };
    }, "guards-1");
  });

  it("when the snapshot was asked for", async () => {
    await breakEachCall(async () => {
      await imageWithHistory(own.cluster, `${own.pool}/asked`, ["monday", "tuesday"]);
      return { source: `${own.pool}/asked@monday`, cloneFormat: 1 };
    }, "asked-1");
  });

  it("when it enlarges the clone", async () => {
    await breakEachCall(async () => {
      await imageWithHistory(own.cluster, `${own.pool}/grows`, ["monday="]);
      return { source: `${own.pool}/grows`, cloneFormat: 2, size: 64 * mib };
    }, "grows-1");
  });

  it("when it copies in full and enlarges the copy", async () => {
    await breakEachCall(async () => {
      await imageWithHistory(own.cluster, `${own.pool}/copies`, ["monday"]);
      return { source: `${own.pool}/copies`, cloneFormat: 1, size: 64 * mib, maxDepth: 0 };
    }, "copies-1");
  });
});

describe("when undoing fails too", () => {
  it("says what is left", async () => {
    const source = `${own.pool}/left`;
    const target = `${own.pool}/left-1`;
    await imageWithHistory(own.cluster, source, []);
    // The clone fails late, and from then on nothing answers any more.
    const counted = faultyCluster(own.native, null);
    await cloneImage(counted.cluster, {
      source,
      target: `${target}-0`,
      cloneFormat: 2,
      snapshotName: "probe",
    });
    await own.witness.rbd("rm", "--no-progress", `${target}-0`);
    await own.witness.rbd("snap", "rm", "--no-progress", `${source}@probe`);
    const at = counted.calls.lastIndexOf("clone");
    const { cluster } = faultyCluster(own.native, { at, late: true, andAfter: true });
    const error = await cloneImage(cluster, { source, target, cloneFormat: 2, snapshotName: "made" }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(CoppiceError);
    expect(error).toMatchObject({
      code: "UNDO_FAILED",
      left: [
        expect.stringMatching(`^the clone ${target} `),
        expect.stringMatching(`^the snapshot ${source}@made `),
      ],
    });
    expect((error as CoppiceError).cause).toBeInstanceOf(AggregateError);
    expect((error as CoppiceError).message).toContain("injected fault");
  });
});
