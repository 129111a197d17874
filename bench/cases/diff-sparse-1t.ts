import { createImage, createSnapshot, openImage, type WhatChanged, whatChanged } from "rbd-core";
import type { BenchCase, BenchContext, PreparedCase } from "../harness/bench-case.ts";
import { timed } from "../harness/shell.ts";

const pool = "bench-diff-sparse-1t";
const image = `${pool}/disk`;
const size = 1024 ** 4;
const changes = 70;

/** Which bytes changed between two snapshots of a large, thin image. */
export const diffSparse1t: BenchCase = {
  name: "diff-sparse-1t",
  work: "byte-accurate diff, 1 TiB, about 70 changed extents",
  against: "one byte-accurate diff_iterate2 of librbd, through rbd-native",
  unit: "ms",
  atLeast: 50,
  aim: 100,
  async prepare({ cluster, shell }: BenchContext): Promise<PreparedCase> {
    await shell.bash(`ceph osd pool create ${pool} 16 && rbd pool init ${pool}`);
    await createImage(cluster, image, { size });
    {
      await using opened = await openImage(cluster, image);
      const write = (seed: number) =>
        Promise.all(
          Array.from({ length: changes }, (_, n) => {
            const object = (n * 104_729) % (size / 2 ** 22);
            return opened.write(object * 2 ** 22 + ((n * seed) % 512) * 4096, Buffer.alloc(8192, seed));
          }),
        );
      await write(3);
      await createSnapshot(cluster, `${image}@before`);
      await write(11);
      await createSnapshot(cluster, `${image}@after`);
    }
    let ours: WhatChanged | undefined;
    let peers: string[] = [];
    return {
      ours: () =>
        timed(async () => {
          ours = await whatChanged(cluster, image, { from: "before", to: "after" });
        }),
      peer: () =>
        timed(async () => {
          peers = [];
          await using opened = await openImage(cluster, `${image}@after`);
          for await (const batch of opened.diffIterate({ from: "before" })) {
            for (let i = 0; i < batch.count; i++) {
              peers.push(`${batch.offset(i)} ${batch.length(i)} ${batch.exists(i)}`);
            }
          }
        }),
      async verify() {
        const got = [...piecesOf(ours?.written, true), ...piecesOf(ours?.discarded, false)].sort();
        if (got.join() !== peers.toSorted().join())
          throw new Error(`the extents differ: ${got} and ${peers}`);
        if (got.length < changes / 2) throw new Error(`only ${got.length} extents`);
      },
      async [Symbol.asyncDispose]() {
        await shell.bash(`ceph config set mon mon_allow_pool_delete true
          ceph osd pool delete ${pool} ${pool} --yes-i-really-really-mean-it`);
      },
    };
  },
};

function piecesOf(extents: readonly number[] = [], exists: boolean): string[] {
  return extents.flatMap((offset, at) => (at % 2 === 0 ? [`${offset} ${extents[at + 1]} ${exists}`] : []));
}
