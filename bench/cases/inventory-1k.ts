import { type Inventory, inventory } from "rbd-core";
import type { BenchCase, BenchContext, PreparedCase } from "../harness/bench-case.ts";
import { timed } from "../harness/shell.ts";
import { plantForest } from "./inventory-forest.ts";

export const pool1k = "bench-inventory-1k";

interface ListedLine {
  image: string;
  snapshot?: string;
  size: number;
  parent?: { pool: string; image: string; snapshot: string };
}

/** Everything about 1,000 images, 90 % of them clones. */
export const inventory1k: BenchCase = {
  name: "inventory-1k",
  work: "everything about 1,000 images, 90 % clones",
  against: "rbd ls -l",
  unit: "ms",
  atLeast: 25,
  aim: 60,
  pairs: 5,
  plant: (context) => plantForest(context, pool1k, 1000),
  async prepare({ cluster, shell }: BenchContext): Promise<PreparedCase> {
    let ours: Inventory | undefined;
    let peers = "";
    return {
      ours: () =>
        timed(async () => {
          ours = await inventory(cluster, { pools: [pool1k] });
        }),
      peer: () =>
        timed(async () => {
          peers = await shell.rbd("ls", "--long", "--format", "json", pool1k);
        }),
      async verify() {
        const expected = (JSON.parse(peers) as ListedLine[]).map(showLine).sort();
        const got = linesOf(ours).map(showLine).sort();
        const at = expected.findIndex((line, index) => line !== got[index]);
        if (at !== -1 || got.length !== expected.length) {
          throw new Error(
            `the listings differ: ${got.length} and ${expected.length} lines; ${got[at]}, ${expected[at]}`,
          );
        }
      },
      // Kept with the cluster: the other inventory case measures the cost of an image here.
      async [Symbol.asyncDispose]() {},
    };
  },
};

function linesOf(found: Inventory | undefined): ListedLine[] {
  return (found?.rows ?? []).flatMap((row) => {
    if (row.state !== "ok") throw new Error(`${row.spec} could not be read`, { cause: row.error });
    if (row.readThrough !== "header") throw new Error(`${row.spec}: ${row.readNote}`);
    const { name: image, size, parent } = row;
    const shown =
      parent === null
        ? {}
        : { parent: { pool: parent.poolName, image: parent.imageName, snapshot: parent.snapshotName } };
    return [
      { image, size, ...shown },
      ...row.snapshots.map((snapshot) => ({ image, snapshot: snapshot.name, size: snapshot.size, ...shown })),
    ];
  });
}

function showLine({ image, snapshot, size, parent }: ListedLine): string {
  return JSON.stringify([image, snapshot, size, parent?.pool, parent?.image, parent?.snapshot]);
}
