import { describe, expect, it } from "vitest";
import type { Cluster } from "../../../src/cluster/cluster.ts";
import { createVolume } from "../../../src/volume/create-volume.ts";
import { breakEveryCall } from "../../support/break-every-call.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";

/** Holds small images only: all of it is read after every fault. */
const own = useOwnPool("volume-copy-faults");
const { pool } = own;
const mebibyte = 1024 ** 2;

async function written(name: string): Promise<string> {
  return own.written(`${pool}/${name}`, "8M", { total: "1M", size: "128K", pattern: "rand" });
}

describe("createVolume takes back everything when any call fails", { timeout: 300_000 }, () => {
  it.each([false, true])("from a volume, copied in full and enlarged (late: %s)", async (late) => {
    const source = await written(`broken-copy-${late}`);
    const target = `${pool}/broken-copy-${late}-new`;
    const size = 16 * mebibyte;
    const flow = (cluster: Cluster) =>
      createVolume(cluster, { target, from: { volume: source }, size, maxDepth: 0, cloneFormat: 1 });
    const reset = async () => void (await own.witness.rbd("rm", "--no-progress", target));
    const calls = await breakEveryCall({ own, pools: [pool], flow, late, reset });
    expect([...calls]).toEqual(
      expect.arrayContaining(["clone", "flatten", "unprotectSnapshot", "removeSnapshot", "resize"]),
    );
  });
});
