import { createImage, createSnapshot, openImage, type SnapshotChain, snapshotChain } from "rbd-core";
import type { BenchCase, BenchContext, PreparedCase } from "../harness/bench-case.ts";
import { timed } from "../harness/shell.ts";

const pool = "bench-chain-60";
const image = `${pool}/disk`;
const size = 1024 ** 4;
const snapshots = 60;
const writesEach = 40;

/** The sizes of a chain of snapshots, estimated as `rbd du` does. */
export const chain60: BenchCase = {
  name: "chain-60",
  work: "sizes of a chain of 60 snapshots, 1 TiB",
  against: "rbd du",
  unit: "ms",
  atLeast: 20,
  aim: 100,
  pairs: 5,
  async prepare({ cluster, shell }: BenchContext): Promise<PreparedCase> {
    await shell.bash(`ceph osd pool create ${pool} 16 && rbd pool init ${pool}`);
    await createImage(cluster, image, { size });
    {
      await using opened = await openImage(cluster, image);
      const data = Buffer.alloc(4096, 0x5a);
      for (let snapshot = 0; snapshot <= snapshots; snapshot++) {
        const writes = Array.from({ length: writesEach }, (_, n) => {
          const object = (snapshot * 7919 + n * 104_729) % (size / 2 ** 22);
          return opened.write(object * 2 ** 22, data);
        });
        await Promise.all(writes);
        if (snapshot < snapshots) await createSnapshot(cluster, `${image}@${`${snapshot}`.padStart(2, "0")}`);
      }
    }
    let ours: SnapshotChain | undefined;
    let peers = "";
    return {
      ours: () =>
        timed(async () => {
          ours = await snapshotChain(cluster, image);
        }),
      peer: () =>
        timed(async () => {
          peers = await shell.rbd("du", "--format", "json", image);
        }),
      async verify() {
        const { images } = JSON.parse(peers) as { images: { snapshot?: string; used_size: number }[] };
        const expected = images.map((line) => `${line.snapshot ?? "HEAD"} ${line.used_size}`);
        const got = ours?.points.map((point) => `${point.snapshot?.name ?? "HEAD"} ${point.own?.bytes}`);
        if (got?.join() !== expected.join()) throw new Error(`the sizes differ: ${got} and ${expected}`);
      },
      async [Symbol.asyncDispose]() {
        await shell.bash(`ceph config set mon mon_allow_pool_delete true
          ceph osd pool delete ${pool} ${pool} --yes-i-really-really-mean-it`);
      },
    };
  },
};
