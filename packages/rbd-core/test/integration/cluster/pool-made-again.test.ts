import { Cluster as NativeCluster } from "rbd-native";
import { expect, inject, it } from "vitest";
import { cloneImage } from "../../../src/clone/index.ts";
import { Cluster } from "../../../src/cluster/cluster.ts";
import { connect } from "../../../src/cluster/connect.ts";
import { inventory } from "../../../src/inventory/index.ts";
import { createVolume, deleteVolume } from "../../../src/volume/index.ts";

const conf = inject("cephConf");
const pool = `core-made-again-${process.pid}`;

it("a connection finds a pool that another client deleted and created again under its name", async () => {
  // Looks at every use, so that the test need not wait.
  await using cluster = new Cluster(await NativeCluster.connect({ conf }), 0);
  await using other = await connect({ conf });
  for (const round of [1, 2]) {
    await other.createPool(pool);
    const source = `${pool}/source-${round}`;
    await createVolume(cluster, { target: source, size: 4096 });
    await cloneImage(cluster, { source, target: `${pool}/clone` });
    const { rows } = await inventory(cluster, { pools: [pool] });
    expect(rows.map(({ name }) => name).toSorted()).toEqual(["clone", `source-${round}`]);
    await deleteVolume(cluster, { volume: `${pool}/clone` });
    await other.deletePool(pool);
    await expect(createVolume(cluster, { target: source, size: 4096 })).rejects.toMatchObject({
      code: "NOT_FOUND",
      object: pool,
    });
  }
});
