import { describe, expect, it } from "vitest";
import { type CaptureOptions, captureImage } from "../../../src/template/index.ts";
import { imageWithHistory, mib } from "../../support/fill.ts";
import { killAtEveryChange } from "../../support/killed-making.ts";
import { isSoak } from "../../support/soak.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";

const own = useOwnPool("killed-capture");

describe("a capture whose process is killed before and after each of its changes", {
  timeout: 600_000,
}, () => {
  it("is made by the same call, or reconciled", async () => {
    const { pool } = own;
    const [source, target] = [`${pool}/disk`, `${pool}/template`];
    await imageWithHistory(own.cluster, source, ["monday"], { size: 8 * mib });
    const options: CaptureOptions = { source, target, cloneFormat: 1 };
    const md5 = await own.witness.md5(source);
    const outcomes = await killAtEveryChange({
      own,
      pool,
      source,
      target,
      flow: { call: "captureImage", options },
      again: () => captureImage(own.cluster, options),
      async check() {
        expect(await own.witness.json("info", target)).not.toHaveProperty("parent");
        expect(await own.witness.md5(`${target}@snap`)).toBe(md5);
        const snapshots = await own.witness.json("snap", "ls", target);
        expect(snapshots).toMatchObject([{ name: "snap", protected: "true" }]);
        expect(await own.witness.json("snap", "ls", source)).toMatchObject([{ name: "monday" }]);
      },
    });
    const expected = ["again: made", "reconcile: undone", ...(isSoak ? ["reconcile: finished"] : [])];
    expect(Object.keys(outcomes)).toEqual(expect.arrayContaining(expected));
  });
});
