import { type Cluster, createImage, createSnapshot, featureBits, type Inventory, inventory } from "rbd-core";
import type { BenchCase, BenchContext, PreparedCase } from "../harness/bench-case.ts";
import { timed } from "../harness/shell.ts";

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

const pool10k = "bench-inventory-10k";
const images = 10_000;

/** The cost of 1,000 images among 10,000, against their cost when there are no others. */
export const inventory10k: BenchCase = {
  name: "inventory-10k",
  work: "1,000 of 10,000 images (use --dir to keep them)",
  against: "our own 1,000 images",
  isCost: true,
  unit: "ms",
  atLeast: 1,
  pairs: 5,
  // V8 lets a heap grow as far as the machine has memory to spare: this says how much the work needs.
  nodeOptions: ["--max-old-space-size=64", "--max-semi-space-size=8"],
  async plant(context: BenchContext): Promise<void> {
    await plantForest(context, pool1k, 1000);
    await plantForest(context, pool10k, images);
  },
  async prepare({ cluster, say }: BenchContext): Promise<PreparedCase> {
    let rows = 0;
    const whole: number[] = [];
    return {
      async ours() {
        const elapsed = await timed(async () => {
          const found = await inventory(cluster, { pools: [pool10k] });
          rows = found.rows.filter((row) => row.state === "ok" && row.readThrough === "header").length;
        });
        whole.push(Math.round(elapsed));
        return elapsed / 10;
      },
      peer: () => timed(() => inventory(cluster, { pools: [pool1k] })),
      async verify() {
        if (rows !== images) throw new Error(`${rows} of ${images} images were read by their headers`);
        say(`all ${images} took ${whole.join(", ")} ms`);
      },
      // Kept with the cluster, since they take minutes to make.
      async [Symbol.asyncDispose]() {},
    };
  },
};

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
