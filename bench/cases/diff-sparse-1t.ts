import { createImage, createSnapshot, openImage, type WhatChanged, whatChanged } from "rbd-core";
import type { BenchCase, BenchContext, PreparedCase } from "../harness/bench-case.ts";
import { startPython } from "../harness/python.ts";
import { timed } from "../harness/shell.ts";

const pool = "bench-diff-sparse-1t";
const image = `${pool}/disk`;
const size = 1024 ** 4;
const changes = 70;

const python = `
def diff(pool, name, since, until):
  extents = []
  with cluster.open_ioctx(pool) as io:
    with rbd.Image(io, name, snapshot=until, read_only=True) as image:
      image.diff_iterate(0, image.size(), since, lambda *extent: extents.append(extent))
  return extents
`;

/** What `rbd diff` prints. */
interface DiffLine {
  readonly offset: number;
  readonly length: number;
  readonly exists: string;
}

/** Which bytes changed between two snapshots of a large, thin image. */
export const diffSparse1t: BenchCase = {
  name: "diff-sparse-1t",
  work: "byte-accurate diff, 1 TiB, about 70 changed extents",
  against: "rbd diff",
  warm: { against: "diff_iterate of python3-rbd", atLeast: 50, aim: 100 },
  unit: "ms",
  atLeast: 50,
  aim: 100,
  async prepare({ cluster, conf, shell }: BenchContext): Promise<PreparedCase> {
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
    let peers = "";
    let warm: readonly [offset: number, length: number, exists: boolean][] = [];
    const python3 = startPython(conf, python);
    return {
      ours: () =>
        timed(async () => {
          ours = await whatChanged(cluster, image, { from: "before", to: "after" });
        }),
      peer: () =>
        timed(async () => {
          peers = await shell.rbd("diff", "--from-snap", "before", "--format", "json", `${image}@after`);
        }),
      async warmPeer() {
        const { took, result } = await python3.call("diff", pool, "disk", "before", "after");
        warm = result as typeof warm;
        return took;
      },
      async verify() {
        const got = [...piecesOf(ours?.written, true), ...piecesOf(ours?.discarded, false)].sort();
        const printed = (JSON.parse(peers) as DiffLine[]).map(
          ({ offset, length, exists }) => `${offset} ${length} ${exists}`,
        );
        const called = warm.map(([offset, length, exists]) => `${offset} ${length} ${exists}`);
        for (const extents of [printed, called]) {
          if (got.join() !== extents.sort().join())
            throw new Error(`the extents differ: ${got} and ${extents}`);
        }
        if (got.length < changes / 2) throw new Error(`only ${got.length} extents`);
      },
      async [Symbol.asyncDispose]() {
        await python3[Symbol.asyncDispose]();
        await shell.bash(`ceph config set mon mon_allow_pool_delete true
          ceph osd pool delete ${pool} ${pool} --yes-i-really-really-mean-it`);
      },
    };
  },
};

function piecesOf(extents: readonly number[] = [], exists: boolean): string[] {
  return extents.flatMap((offset, at) => (at % 2 === 0 ? [`${offset} ${extents[at + 1]} ${exists}`] : []));
}
