import { describe, expect, it } from "vitest";
import { cloneImage } from "../../../src/clone/clone-image.ts";
import { CoppiceError } from "../../../src/errors/coppice-error.ts";
import { protectSnapshot } from "../../../src/image/snapshots.ts";
import { faultyCluster } from "../../support/break-call.ts";
import { imageWithHistory } from "../../support/fill.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";
import { breakEachCall } from "./break-clone.ts";

const own = useOwnPool("clone-faults");

describe("a clone leaves everything as it was when one call fails", { timeout: 300_000 }, () => {
  it("when it creates and protects a snapshot", async () => {
    await breakEachCall(
      own,
      async () => {
        await imageWithHistory(own.cluster, `${own.pool}/creates`, ["monday"]);
        return { source: `${own.pool}/creates`, cloneFormat: 1 };
      },
      "creates-1",
    );
  });

  it("when it creates a snapshot for clone format 2", async () => {
    await breakEachCall(
      own,
      async () => {
        await imageWithHistory(own.cluster, `${own.pool}/creates-2`, []);
        return { source: `${own.pool}/creates-2`, cloneFormat: 2 };
      },
      "creates-2-1",
    );
  });

  it("when it reuses a snapshot and protects it", async () => {
    await breakEachCall(
      own,
      async () => {
        await imageWithHistory(own.cluster, `${own.pool}/reuses`, ["monday", "tuesday="]);
        return { source: `${own.pool}/reuses` };
      },
      "reuses-1",
    );
  });

  it("when the snapshot was protected before", async () => {
    await breakEachCall(
      own,
      async () => {
        await imageWithHistory(own.cluster, `${own.pool}/guards`, ["guarded="]);
        await protectSnapshot(own.cluster, `${own.pool}/guards@guarded`);
        return { source: `${own.pool}/guards` };
      },
      "guards-1",
    );
  });

  it("when the snapshot was asked for", async () => {
    await breakEachCall(
      own,
      async () => {
        await imageWithHistory(own.cluster, `${own.pool}/asked`, ["monday", "tuesday"]);
        return { source: `${own.pool}/asked@monday`, cloneFormat: 1 };
      },
      "asked-1",
    );
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
