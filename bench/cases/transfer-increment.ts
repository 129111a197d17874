import { createHash } from "node:crypto";
import { type Cluster, copyDiff, createSnapshot, openImage } from "rbd-core";
import type { BenchCase, BenchContext, PreparedCase } from "../harness/bench-case.ts";
import { digestOfExport } from "../harness/export-digest.ts";
import { timed } from "../harness/shell.ts";

interface Increment {
  readonly pool: string;
  /** In bytes. */
  readonly size: number;
  /** Writes what the first snapshot holds; without it the first snapshot is of an empty image. */
  readonly before?: (image: OpenedImage) => Promise<void>;
  /** Writes what is to be moved. */
  readonly change: (image: OpenedImage) => Promise<void>;
  /** Bytes that `change` writes, where ours may read and send no more than 1.1 times as many. */
  readonly written?: number;
  /** `rbd export` of it takes an hour: unless that is wanted, only objects that are there are compared. */
  readonly isHuge?: boolean;
}

type OpenedImage = Awaited<ReturnType<typeof openImage>>;

const first = "first";
const second = "second";

/** Makes the image and its two snapshots. */
async function plantIncrement(
  { cluster, shell, say }: BenchContext,
  { pool, size, before, change }: Increment,
): Promise<void> {
  await shell.bash(freshPool(pool));
  const source = `${pool}/source`;
  await shell.rbd("create", "--size", `${size}B`, source);
  await using image = await openImage(cluster, source);
  if (before !== undefined) {
    say("writing the first snapshot");
    await before(image);
  }
  await image.createSnapshot(first);
  say("writing the change");
  await change(image);
  await image.flush();
  await image.createSnapshot(second);
}

/** A line that makes a pool, anew where a run that ended early left one. */
export function freshPool(pool: string): string {
  return `ceph config set mon mon_allow_pool_delete true
    ceph osd pool delete ${pool} ${pool} --yes-i-really-really-mean-it 2>/dev/null
    ceph osd pool create ${pool} 16 && rbd pool init ${pool}`;
}

/**
 * Measures bringing one increment over: every pair has targets of its own that hold the first snapshot already.
 */
async function prepareIncrement(
  { cluster, conf, shell, readsExports }: BenchContext,
  { pool, size, before, written, isHuge = false }: Increment,
): Promise<PreparedCase> {
  const source = `${pool}/source`;
  const targets = { ours: `${pool}/ours`, peer: `${pool}/peer` };
  const make = async (target: string, pair: number) => {
    if (pair > 0)
      await shell.bash(`rbd snap purge --no-progress ${target} && rbd rm --no-progress ${target}`);
    await shell.rbd("create", "--size", `${size}B`, target);
    if (before === undefined && target === targets.peer) await createSnapshot(cluster, `${target}@${first}`);
    else await copyDiff(cluster, { image: source, to: first, target: { image: target } });
  };
  let most = 0;
  return {
    async ours(pair) {
      await make(targets.ours, pair);
      return timed(async () => {
        const target = { image: targets.ours };
        const done = await copyDiff(cluster, { image: source, from: first, to: second, target });
        most = Math.max(most, done.bytesRead, done.bytesWritten);
      });
    },
    async peer(pair) {
      await make(targets.peer, pair);
      return timed(() =>
        shell.bash(
          `rbd export-diff --no-progress --from-snap ${first} ${source}@${second} - | rbd import-diff --no-progress - ${targets.peer}`,
        ),
      );
    },
    async verify() {
      if (written !== undefined && most > 1.1 * written)
        throw new Error(`ours read or sent ${most} bytes for ${written} that were written`);
      const digest = (image: string) =>
        isHuge && !readsExports
          ? digestOfObjects(cluster, `${image}@${second}`)
          : digestOfExport(conf, `${image}@${second}`);
      const [a, b, c] = await Promise.all([digest(source), digest(targets.ours), digest(targets.peer)]);
      if (a !== b || b !== c) throw new Error(`the images differ: source ${a}, ours ${b}, peer ${c}`);
    },
    async [Symbol.asyncDispose]() {
      await shell.bash(`ceph config set mon mon_allow_pool_delete true
        ceph osd pool delete ${pool} ${pool} --yes-i-really-really-mean-it`);
    },
  };
}

/** The same of the objects that are there, for images that are too large to be read from end to end. */
async function digestOfObjects(cluster: Cluster, snapshot: string): Promise<string> {
  const hash = createHash("md5");
  const page = 4096;
  const zeroes = Buffer.alloc(page);
  await using image = await openImage(cluster, snapshot);
  for await (const batch of image.diffIterate({ wholeObject: true })) {
    for (let i = 0; i < batch.count; i++) {
      const data = await image.read(batch.offset(i), batch.length(i));
      for (let at = 0; at < data.length; at += page) {
        const piece = data.subarray(at, at + page);
        if (piece.equals(zeroes.subarray(0, piece.length))) continue;
        hash.update(`${batch.offset(i) + at}:`).update(piece);
      }
    }
  }
  return `${await image.size()} ${hash.digest("hex")}`;
}

/** Runs `write` for many places, some at a time. */
export async function writeMany(
  count: number,
  atATime: number,
  write: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await write(next++);
  };
  await Promise.all(Array.from({ length: atATime }, worker));
}

/** Numbers that are the same in every run: mulberry32. */
export function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Bytes that hold no page of zeroes and do not compress. */
export function noise(length: number, seed: number): Buffer {
  const random = numbers(seed);
  const bytes = Buffer.allocUnsafeSlow(length);
  for (let at = 0; at + 4 <= length; at += 4) bytes.writeUInt32LE(Math.floor(random() * 2 ** 32), at);
  return bytes;
}

/** A case that brings one increment over. */
function incrementCase(
  figures: Pick<BenchCase, "name" | "work" | "atLeast" | "aim">,
  increment: Increment,
): BenchCase {
  return {
    ...figures,
    against: "rbd export-diff | rbd import-diff",
    unit: "ms",
    plant: (context) => plantIncrement(context, increment),
    prepare: (context) => prepareIncrement(context, increment),
  };
}

const KiB = 1024;
const GiB = 1024 ** 3;

/** Random offsets in an image, at multiples of the length of a write. */
function offsets(seed: number, size: number, length: number): () => number {
  const random = numbers(seed);
  return () => Math.floor((random() * size) / length) * length;
}

const places = Array.from({ length: 2000 }, offsets(64, 10 * GiB, 64 * KiB));

/** Brings 2,000 scattered changes of 64 KiB over, in objects that existed before. */
export const transfer64k = incrementCase(
  { name: "transfer-64k", work: "increment of 2,000 × 64 KiB", atLeast: 2.5, aim: 4 },
  {
    pool: "bench-transfer-64k",
    size: 10 * GiB,
    before: (image) =>
      writeMany(200, 16, (i) =>
        image.write((places[i] ?? 0) - ((places[i] ?? 0) % (1 << 20)), noise(1 << 20, i)),
      ),
    change: (image) => writeMany(places.length, 16, (i) => image.write(places[i] ?? 0, noise(64 * KiB, i))),
  },
);

const page = noise(4 * KiB, 4);
const pages = 25_600;
const nextPage = offsets(4, 40 * GiB, page.length);

/** Brings 25,600 random writes of 4 KiB over, into objects that did not exist before. */
export const transferRandom4k = incrementCase(
  {
    name: "transfer-random-4k",
    work: "increment of 25,600 random 4 KiB writes on fresh objects, 40 GiB image",
    atLeast: 4,
    aim: 10,
  },
  {
    pool: "bench-transfer-random-4k",
    size: 40 * GiB,
    change: (image) => writeMany(pages, 64, () => image.write(nextPage(), page)),
    written: pages * page.length,
  },
);

const nextExtent = offsets(68, 1024 * GiB, 64 * KiB);

/** Brings 68 changes over in an image of 1 TiB. */
export const transferSparse1t = incrementCase(
  { name: "transfer-sparse-1t", work: "increment of 68 extents, 1 TiB", atLeast: 8, aim: 20 },
  {
    pool: "bench-transfer-sparse-1t",
    size: 1024 * GiB,
    change: (image) => writeMany(68, 8, (i) => image.write(nextExtent(), noise(64 * KiB, i))),
    isHuge: true,
  },
);
