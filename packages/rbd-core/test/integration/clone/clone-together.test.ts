import { describe, expect, it } from "vitest";
import { cloneImage } from "../../../src/clone/clone-image.ts";
import { connect } from "../../../src/cluster/connect.ts";
import { removeSnapshot, unprotectSnapshot } from "../../../src/image/snapshots.ts";
import { meddledCluster } from "../../support/break-call.ts";
import { imageWithHistory } from "../../support/fill.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";

const own = useOwnPool("together");

const snapshotsOf = async (spec: string) =>
  (await own.witness.json("snap", "ls", spec)) as { name: string }[];
const childrenOf = async (spec: string) => (await own.witness.json("children", spec)) as unknown[];

describe("clones that begin at the same time", { timeout: 180_000 }, () => {
  it.each([1, 2] as const)(
    "share one new snapshot, a hundred of them, in clone format %d",
    async (cloneFormat) => {
      const source = `${own.pool}/hundred-${cloneFormat}`;
      await imageWithHistory(own.cluster, source, ["monday"]);
      const results = await Promise.all(
        Array.from({ length: 100 }, (_, i) =>
          cloneImage(own.cluster, { source, target: `${source}-${i}`, cloneFormat }),
        ),
      );
      expect(results.filter((result) => result.created.snapshot)).toHaveLength(1);
      const [first] = results;
      expect(await snapshotsOf(source)).toMatchObject([{ name: "monday" }, { name: first?.snapshot.name }]);
      expect(await childrenOf(`${source}@${first?.snapshot.name}`)).toHaveLength(100);
    },
  );

  it("share one from two connections", async () => {
    const source = `${own.pool}/two`;
    await imageWithHistory(own.cluster, source, []);
    await using other = await connect({ conf: own.conf });
    const results = await Promise.all(
      [own.cluster, other].flatMap((cluster, c) =>
        Array.from({ length: 10 }, (_, i) => cloneImage(cluster, { source, target: `${source}-${c}-${i}` })),
      ),
    );
    expect(results.filter((result) => result.created.snapshot)).toHaveLength(1);
    expect(await snapshotsOf(source)).toHaveLength(1);
  });
});

describe("a snapshot that is removed before it is cloned", () => {
  it("is replaced by a new one", async () => {
    const source = `${own.pool}/taken`;
    await imageWithHistory(own.cluster, source, ["monday="]);
    const cluster = meddledCluster(own.native, {
      clone: () => removeSnapshot(own.cluster, `${source}@monday`),
    });
    const result = await cloneImage(cluster, { source, target: `${source}-1`, cloneFormat: 2 });
    expect(result).toMatchObject({ reused: false, created: { snapshot: true } });
    expect(await own.witness.md5(`${source}-1`)).toBe(await own.witness.md5(source));
  });

  it("is protected again when only its protection was", async () => {
    const source = `${own.pool}/unprotected`;
    await imageWithHistory(own.cluster, source, ["monday="]);
    const cluster = meddledCluster(own.native, {
      clone: () => unprotectSnapshot(own.cluster, `${source}@monday`),
    });
    const result = await cloneImage(cluster, { source, target: `${source}-1`, cloneFormat: 1 });
    expect(result).toMatchObject({
      reused: true,
      snapshot: { name: "monday" },
      created: { protection: true },
    });
  });

  it("is reported as missing when it was asked for", async () => {
    const source = `${own.pool}/asked`;
    await imageWithHistory(own.cluster, source, ["monday="]);
    const cluster = meddledCluster(own.native, {
      clone: () => removeSnapshot(own.cluster, `${source}@monday`),
    });
    const clone = cloneImage(cluster, { source: `${source}@monday`, target: `${source}-1`, cloneFormat: 2 });
    await expect(clone).rejects.toMatchObject({ code: "NOT_FOUND", object: `${source}@monday` });
  });
});
