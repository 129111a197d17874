import { copyImage, createImage, openImage } from "rbd-core";
import type { BenchCase } from "../harness/bench-case.ts";
import { timed } from "../harness/shell.ts";
import { radosBench } from "./rados-bench.ts";
import { freshPool, noise, writeMany } from "./transfer-increment.ts";

const pool = "bench-transfer-deep";
const source = `${pool}/source`;
const block = 4 * 1024 ** 2;
const size = 512 * 1024 ** 2;
const change = 64 * 1024 ** 2;
/** Bytes that a copy moves: the image as it first was, and what changed by the next snapshot and by the head. */
const copied = size + 2 * change;

/** Copies an image with its two snapshots. */
export const transferDeep: BenchCase = {
  name: "transfer-deep",
  work: "copy with two snapshots, 512 MiB and two changes of 64 MiB",
  against: "rbd deep cp",
  unit: "ms",
  atLeast: 1.5,
  aim: 2,
  async plant({ cluster, shell }) {
    await shell.bash(freshPool(pool));
    await createImage(cluster, source, { size });
    await using image = await openImage(cluster, source);
    const write = (count: number, step: number, seed: number) =>
      writeMany(count, 8, (i) => image.write(i * step * block, noise(block, i + seed)));
    await write(size / block, 1, 0);
    await image.createSnapshot("one");
    await write(change / block, 8, 1000);
    await image.createSnapshot("two");
    await write(change / block, 5, 2000);
  },
  async prepare({ cluster, shell }) {
    const remove = (target: string) =>
      shell.bash(`rbd snap purge --no-progress ${target} && rbd rm --no-progress ${target}`);
    return {
      async ours(pair) {
        const target = `${pool}/ours`;
        if (pair > 0) await remove(target);
        return timed(() => copyImage(cluster, { image: source, target: { image: target } }));
      },
      async peer(pair) {
        const target = `${pool}/peer`;
        if (pair > 0) await remove(target);
        return timed(() => shell.rbd("deep", "cp", "--no-progress", source, target));
      },
      radosBench: () => radosBench(shell, pool, copied / block),
      async verify() {
        for (const at of ["", "@one", "@two"]) {
          const digest = (image: string) =>
            shell.bash(`rbd export --no-progress ${pool}/${image}${at} - | md5sum`);
          const [a, b, c] = [await digest("source"), await digest("ours"), await digest("peer")];
          if (a !== b || b !== c)
            throw new Error(`${at || "the heads"} differ: source ${a}, ours ${b}, peer ${c}`);
        }
      },
      async [Symbol.asyncDispose]() {
        await shell.bash(`ceph config set mon mon_allow_pool_delete true
          ceph osd pool delete ${pool} ${pool} --yes-i-really-really-mean-it`);
      },
    };
  },
};
