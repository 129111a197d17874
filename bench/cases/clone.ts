import { cloneImage, openImage } from "rbd-core";
import type { BenchCase, BenchContext, PreparedCase } from "../harness/bench-case.ts";
import { startPython } from "../harness/python.ts";
import { timed } from "../harness/shell.ts";

const pool = "bench-clone-unchanged";
const source = `${pool}/source`;
const feature = (name: string) => name.split(" ").toSorted().join(" ");

const python = `
def clone(pool, source, snapshot, target):
  with cluster.open_ioctx(pool) as io:
    with rbd.Image(io, source) as image:
      image.create_snap(snapshot)
      image.protect_snap(snapshot)
    rbd.RBD().clone(io, source, snapshot, io, target)
`;

/** Clones an image that has not changed since its newest snapshot. */
export const cloneUnchanged: BenchCase = {
  name: "clone-unchanged",
  work: "clone with a zero-delta snapshot there",
  against: "rbd snap create, rbd snap protect, rbd clone",
  warm: { against: "the same three calls by python3-rbd", atLeast: 1.5, aim: 2 },
  unit: "ms",
  atLeast: 3,
  aim: 8,
  pairs: 9,
  async prepare({ cluster, conf, shell }: BenchContext): Promise<PreparedCase> {
    await shell.bash(`ceph osd pool create ${pool} 16 && rbd pool init ${pool}`);
    await shell.bash(`rbd create --size 10G ${source} && rbd bench --io-type write --io-total 64M ${source}`);
    await shell.bash(`rbd snap create ${source}@unchanged && rbd snap protect ${source}@unchanged`);
    const run = crypto.randomUUID().slice(0, 8);
    const target = (who: string, pair: number) => `${pool}/${who}-${run}-${pair}`;
    const python3 = startPython(conf, python);
    let pairs = 0;
    return {
      ours(pair) {
        pairs = Math.max(pairs, pair + 1);
        return timed(() => cloneImage(cluster, { source, target: target("ours", pair) }));
      },
      peer(pair) {
        const snapshot = `${source}@peer-${pair}`;
        return timed(async () => {
          await shell.rbd("snap", "create", "--no-progress", snapshot);
          await shell.rbd("snap", "protect", snapshot);
          await shell.rbd("clone", snapshot, target("peer", pair));
        });
      },
      warmPeer: async (pair) => {
        const [, name] = target("warm", pair).split("/");
        return (await python3.call("clone", pool, "source", `warm-${pair}`, name)).took;
      },
      async verify() {
        const description = async (image: string) => {
          const info = JSON.parse(await shell.rbd("info", "--format", "json", image)) as {
            size: number;
            features: string[];
            parent?: { image: string };
          };
          return JSON.stringify([info.size, feature(info.features.join(" ")), info.parent?.image]);
        };
        for (let pair = 0; pair < pairs; pair++) {
          const [a, b, c] = await Promise.all(
            ["ours", "peer", "warm"].map((who) => description(target(who, pair))),
          );
          if (a !== b || a !== c) throw new Error(`the clones of pair ${pair} differ: ${a}, ${b}, ${c}`);
        }
        const snapshots = JSON.parse(await shell.rbd("snap", "ls", "--format", "json", source)) as unknown[];
        if (snapshots.length !== 1 + 2 * pairs) throw new Error("ours made a snapshot that was not needed");
      },
      async [Symbol.asyncDispose]() {
        await python3[Symbol.asyncDispose]();
        await shell.bash(`ceph config set mon mon_allow_pool_delete true
          ceph osd pool delete ${pool} ${pool} --yes-i-really-really-mean-it`);
      },
    };
  },
};

const manyPool = "bench-clone-many-snaps";
const many = `${manyPool}/many`;
const snapshots = 60;
/** From one write to the next: spread over the whole image. */
const apart = 16 * 1024 ** 3;
const written = Buffer.alloc(64 * 1024, 1);

/**
 * Clones an image that was changed since the last of its sixty snapshots: ours looks whether one of them can be used, the
 * peers do not. Each clone makes a snapshot, which is taken away before the next one, so that every pair finds the same.
 */
export const cloneManySnaps: BenchCase = {
  name: "clone-many-snaps",
  work: `clone a 1 TiB image with ${snapshots} changed snapshots`,
  against: "rbd snap create, rbd snap protect, rbd clone",
  warm: { against: "the same three calls by python3-rbd", atLeast: 0.5, aim: 1 },
  unit: "ms",
  atLeast: 1.5,
  aim: 3,
  pairs: 9,
  async prepare({ cluster, conf, shell, say }: BenchContext): Promise<PreparedCase> {
    await shell.bash(`ceph osd pool create ${manyPool} 16 && rbd pool init ${manyPool}`);
    await shell.rbd("create", "--size", "1T", many);
    say(`making ${snapshots} snapshots`);
    {
      await using image = await openImage(cluster, many);
      for (let index = 0; index <= snapshots; index++) {
        await image.write(index * apart, written);
        if (index < snapshots) await image.createSnapshot(`s${index}`);
      }
    }
    const run = crypto.randomUUID().slice(0, 8);
    const python3 = startPython(conf, python);
    /** Clones in one of the ways, checks the clone, and takes it away again with its snapshot. */
    const clone = async (pair: number, make: (snapshot: string, target: string) => Promise<number>) => {
      const [snapshot, target] = [`clone-${run}-${pair}`, `clone-${run}-${pair}`];
      const took = await make(snapshot, target);
      await checkClone(shell, many, snapshot, `${manyPool}/${target}`);
      await shell.rbd("rm", "--no-progress", `${manyPool}/${target}`);
      await shell.bash(`rbd snap unprotect ${many}@${snapshot} 2>/dev/null || true`);
      await shell.rbd("snap", "rm", "--no-progress", `${many}@${snapshot}`);
      return took;
    };
    return {
      ours: (pair) =>
        clone(pair, (snapshotName, target) =>
          timed(() => cloneImage(cluster, { source: many, target: `${manyPool}/${target}`, snapshotName })),
        ),
      peer: (pair) =>
        clone(pair, (snapshot, target) =>
          timed(async () => {
            await shell.rbd("snap", "create", "--no-progress", `${many}@${snapshot}`);
            await shell.rbd("snap", "protect", `${many}@${snapshot}`);
            await shell.rbd("clone", `${many}@${snapshot}`, `${manyPool}/${target}`);
          }),
        ),
      warmPeer: (pair) =>
        clone(pair, async (snapshot, target) => {
          const { took } = await python3.call("clone", manyPool, "many", snapshot, target);
          return took;
        }),
      async verify() {
        const left = JSON.parse(await shell.rbd("snap", "ls", "--format", "json", many)) as unknown[];
        if (left.length !== snapshots)
          throw new Error(`there are ${left.length} snapshots, not ${snapshots}`);
      },
      async [Symbol.asyncDispose]() {
        await python3[Symbol.asyncDispose]();
        await shell.bash(`ceph config set mon mon_allow_pool_delete true
          ceph osd pool delete ${manyPool} ${manyPool} --yes-i-really-really-mean-it`);
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
