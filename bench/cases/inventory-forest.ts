import { type Cluster, createImage, createSnapshot, featureBits } from "rbd-core";
import type { BenchContext } from "../harness/bench-case.ts";

const size = 1024 ** 3;
const makersAtOnce = 16;

/**
 * Makes sure that `pool` holds exactly `images` images: one in ten is a parent with a snapshot, the others are
 * its clones. What a run before left whole is used as it is.
 */
export async function plantForest(context: BenchContext, pool: string, images: number): Promise<void> {
  const { cluster, shell, say } = context;
  const pools = await cluster.listPools();
  if (!pools.some(({ name }) => name === pool)) {
    await shell.bash(`ceph osd pool create ${pool} 16 && rbd pool init ${pool}`);
  }
  const ioCtx = await cluster.pool(pool);
  const there = new Set((await ioCtx.listImages()).map(({ name }) => name));
  const families = Array.from({ length: images / 10 }, (_, family) => family);
  let made = 0;
  await eachOf(families, async (family) => {
    const parent = `parent-${family}`;
    // The last clone is made last: a family that has it is whole.
    if (!there.has(`clone-${family}-8`)) await plantFamily(cluster, pool, parent, family, there);
    made += 10;
    if (made % 1000 === 0) say(`${made} of ${images} images`);
  });
}

async function plantFamily(
  cluster: Cluster,
  pool: string,
  parent: string,
  family: number,
  there: ReadonlySet<string>,
): Promise<void> {
  const features = featureBits(["layering", "exclusive-lock", "object-map", "fast-diff", "deep-flatten"]);
  const ioCtx = await cluster.pool(pool);
  if (!there.has(parent))
    await createImage(cluster, { pool, namespace: "", image: parent }, { size, features });
  await using opened = await ioCtx.openImage(parent);
  if (!(await opened.snapshotExists("base"))) await createSnapshot(cluster, `${pool}/${parent}@base`);
  for (let clone = 0; clone < 9; clone++) {
    const name = `clone-${family}-${clone}`;
    if (there.has(name)) continue;
    const from = { pool: ioCtx, image: parent, snapshot: "base" };
    await ioCtx.clone(from, name, { features, cloneFormat: 2 });
  }
}

async function eachOf<T>(items: readonly T[], action: (item: T) => Promise<void>): Promise<void> {
  const left = Iterator.from(items);
  const work = async () => {
    for (const item of left) await action(item);
  };
  await Promise.all(Array.from({ length: makersAtOnce }, work));
}
