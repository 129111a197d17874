import { cloneImage, openImage } from "rbd-core";
import type { BenchCase, BenchContext, PreparedCase } from "../harness/bench-case.ts";
import { timed } from "../harness/shell.ts";

const pool = "bench-clone-many-snaps";
const [many, none] = [`${pool}/many`, `${pool}/none`];
const snapshots = 60;
/** From one write to the next: spread over the whole image. */
const apart = 16 * 1024 ** 3;
const written = Buffer.alloc(64 * 1024, 1);

/**
 * Clones an image that was changed since the last of its sixty snapshots, against one without any snapshot. Each clone
 * makes a snapshot, which is taken away before the next one, so that every pair finds the same.
 */
export const cloneManySnaps: BenchCase = {
  name: "clone-many-snaps",
  work: `clone a 1 TiB image with ${snapshots} changed snapshots`,
  against: "ours with none",
  isCost: true,
  unit: "ms",
  atLeast: 0.5,
  aim: 0.9,
  pairs: 9,
  async prepare({ cluster, shell, say }: BenchContext): Promise<PreparedCase> {
    await shell.bash(`ceph osd pool create ${pool} 16 && rbd pool init ${pool}`);
    for (const image of [many, none]) await shell.rbd("create", "--size", "1T", image);
    say(`making ${snapshots} snapshots`);
    {
      await using image = await openImage(cluster, many);
      for (let index = 0; index <= snapshots; index++) {
        await image.write(index * apart, written);
        if (index < snapshots) await image.createSnapshot(`s${index}`);
      }
    }
    {
      await using image = await openImage(cluster, none);
      await image.write(0, written);
    }
    const run = crypto.randomUUID().slice(0, 8);
    const clone = async (source: string, pair: number): Promise<number> => {
      const target = `${source}-${run}-${pair}`;
      const snapshotName = `clone-${run}-${pair}`;
      const took = await timed(() => cloneImage(cluster, { source, target, snapshotName }));
      await checkClone(shell, source, snapshotName, target);
      await shell.rbd("rm", "--no-progress", target);
      await shell.bash(`rbd snap unprotect ${source}@${snapshotName} 2>/dev/null || true`);
      await shell.rbd("snap", "rm", "--no-progress", `${source}@${snapshotName}`);
      return took;
    };
    return {
      ours: (pair) => clone(many, pair),
      peer: (pair) => clone(none, pair),
      async verify() {
        const left = JSON.parse(await shell.rbd("snap", "ls", "--format", "json", many)) as unknown[];
        if (left.length !== snapshots)
          throw new Error(`there are ${left.length} snapshots, not ${snapshots}`);
      },
      async [Symbol.asyncDispose]() {
        await shell.bash(`ceph config set mon mon_allow_pool_delete true
          ceph osd pool delete ${pool} ${pool} --yes-i-really-really-mean-it`);
      },
    };
  },
};

/** Both must have made the snapshot they were told to, and cloned it. */
async function checkClone(
  shell: BenchContext["shell"],
  source: string,
  snapshot: string,
  target: string,
): Promise<void> {
  const { parent } = JSON.parse(await shell.rbd("info", "--format", "json", target)) as {
    parent?: { pool: string; image: string; snapshot: string };
  };
  if (
    parent === undefined ||
    `${parent.pool}/${parent.image}@${parent.snapshot}` !== `${source}@${snapshot}`
  ) {
    throw new Error(`${target} does not hang on ${source}@${snapshot}`);
  }
}
