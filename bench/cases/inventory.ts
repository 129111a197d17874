import { type Cluster, createImage, createSnapshot, featureBits, type Inventory, inventory } from "rbd-core";
import type { BenchCase, BenchContext, PreparedCase } from "../harness/bench-case.ts";
import { startPython } from "../harness/python.ts";
import { timed } from "../harness/shell.ts";

export const pool1k = "bench-inventory-1k";

interface ListedLine {
  image: string;
  snapshot?: string;
  size: number;
  parent?: { pool: string; image: string; snapshot: string };
}

const python = `
def list_all(pool, threads):
  with cluster.open_ioctx(pool) as io:
    def lines(name):
      with rbd.Image(io, name, read_only=True) as image:
        try:
          parent = image.parent_info()
        except rbd.ImageNotFound:
          parent = None
        snapshots = [[snapshot["name"], snapshot["size"]] for snapshot in image.list_snaps()]
        return [name, image.size(), image.features(), parent, snapshots]
    with ThreadPoolExecutor(threads) as workers:
      return list(workers.map(lines, rbd.RBD().list(io)))
`;
const pythonThreads = 32;

/** What `list_all` gives for an image: its parent as pool, image and snapshot. */
type PythonImage = [
  name: string,
  size: number,
  features: number,
  parent: [string, string, string] | null,
  snapshots: [name: string, size: number][],
];

/** Everything about the images of a pool, 90 % of them clones. */
function inventoryOf(
  pool: string,
  images: number,
  rest: Pick<BenchCase, "name" | "pairs" | "nodeOptions">,
): BenchCase {
  return {
    ...rest,
    work: `everything about ${images} images, 90 % clones`,
    against: "rbd ls -l",
    warm: { against: `python3-rbd, ${pythonThreads} threads`, atLeast: 10, aim: 20 },
    unit: "ms",
    atLeast: 25,
    aim: 60,
    plant: (context) => plantForest(context, pool, images),
    async prepare({ cluster, conf, shell }: BenchContext): Promise<PreparedCase> {
      let ours: Inventory | undefined;
      let peers = "";
      let warm: readonly PythonImage[] = [];
      const python3 = startPython(conf, python);
      return {
        ours: () =>
          timed(async () => {
            ours = await inventory(cluster, { pools: [pool] });
          }),
        peer: () =>
          timed(async () => {
            peers = await shell.rbd("ls", "--long", "--format", "json", pool);
          }),
        async warmPeer() {
          const { took, result } = await python3.call("list_all", pool, pythonThreads);
          warm = result as typeof warm;
          return took;
        },
        async verify() {
          const got = linesOf(ours).map(showLine).sort();
          compare(got, (JSON.parse(peers) as ListedLine[]).map(showLine).sort());
          compare(got, warm.flatMap(pythonLines).map(showLine).sort());
        },
        // Kept with the cluster: other cases use the images, and they take minutes to make.
        [Symbol.asyncDispose]: () => python3[Symbol.asyncDispose](),
      };
    },
  };
}

const pool10k = "bench-inventory-10k";

export const inventory1k = inventoryOf(pool1k, 1000, { name: "inventory-1k", pairs: 5 });

export const inventory10k = inventoryOf(pool10k, 10_000, {
  name: "inventory-10k",
  // V8 lets a heap grow as far as the machine has memory to spare: this says how much the work needs.
  nodeOptions: ["--max-old-space-size=64", "--max-semi-space-size=8"],
});

function compare(got: readonly string[], expected: readonly string[]): void {
  const at = expected.findIndex((line, index) => line !== got[index]);
  if (at === -1 && got.length === expected.length) return;
  throw new Error(
    `the listings differ: ${got.length} and ${expected.length} lines; ${got[at]}, ${expected[at]}`,
  );
}

function pythonLines([image, size, , parent, snapshots]: PythonImage): ListedLine[] {
  const shown = parent === null ? {} : { parent: { pool: parent[0], image: parent[1], snapshot: parent[2] } };
  return [
    { image, size, ...shown },
    ...snapshots.map(([snapshot, at]) => ({ image, snapshot, size: at, ...shown })),
  ];
}

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
