import { createHash } from "node:crypto";
import { open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Cluster, connect, openImage } from "rbd-core";
import type { BenchCase, BenchContext } from "../harness/bench-case.ts";
import { numbers } from "./transfer-increment.ts";

const KiB = 1024;
const MiB = 1024 * KiB;
const size = 1024 * MiB;
const pool = "bench-io";
const image = `${pool}/image`;

interface Io {
  readonly name: string;
  readonly work: string;
  readonly type: "read" | "write";
  readonly pattern: "seq" | "rand";
  /** In bytes. */
  readonly block: number;
  readonly depth: number;
  readonly operations: number;
  readonly atLeast: number;
}

/** librbd's cache would be measured instead: it is off for both. */
const settings = { rbd_cache: "false" };

/** Reads or writes an image of 1 GiB, so many blocks at a time. */
function io({ name, work, type, pattern, block, depth, operations, atLeast }: Io): BenchCase {
  return {
    name,
    work,
    against: "rbd bench",
    unit: block >= MiB ? "MiB/s" : "op/s",
    atLeast,
    aim: 1,
    // A few seconds each on a noisy machine: large blocks are compared to within a twentieth.
    pairs: block >= MiB ? 9 : 5,
    async plant({ shell }: BenchContext) {
      await shell.bash(`ceph osd pool ls | grep -qx ${pool} ||
        { ceph osd pool create ${pool} 16 && rbd pool init ${pool}; }`);
      await shell.bash(`rbd info ${image} >/dev/null 2>&1 || { rbd create --size ${size}B ${image} &&
        rbd bench --io-type write --io-size 4M --io-total ${size} --rbd_cache=false ${image}; }`);
    },
    async prepare({ conf, shell }: BenchContext) {
      const cluster = await connect({ conf, settings });
      const written = new Map<number, number>();
      let fill = 0;
      // In the order of `rbd bench`, to the OSD's cache another one would be other work: as many stretches as may be in
      // flight, a block of each in turn, and each over and over.
      const stretch = Math.floor(size / block / depth);
      const inTurn = (i: number) => (i % depth) * stretch + (Math.floor(i / depth) % stretch);
      const inUnit = (perSecond: number) => (block >= MiB ? (perSecond * block) / MiB : perSecond);
      const ours = async (pair: number) => {
        await using opened = await openImage(cluster, image);
        fill = pair + 1;
        const data = Buffer.alloc(block, fill);
        // As `rbd bench` does: the same memory, over and over.
        using large = block < MiB ? undefined : opened.allocateBlock(block);
        large?.data.fill(fill);
        const random = numbers(pair);
        let next = 0;
        const worker = async () => {
          const into = Buffer.alloc(block < MiB ? block : 0);
          for (let i = next++; i < operations; i = next++) {
            const offset = block * (pattern === "seq" ? inTurn(i) : Math.floor(random() * (size / block)));
            if (type === "read") {
              // Small ranges into memory of one's own, large ones where they are: the fastest way of each.
              if (block < MiB) await opened.read(offset, into);
              else (await opened.readBlock(offset, block))[Symbol.dispose]();
            } else {
              written.set(offset, fill);
              if (large) await opened.writeBlock(offset, large);
              else await opened.write(offset, data);
            }
          }
        };
        const start = performance.now();
        await Promise.all(Array.from({ length: depth }, worker));
        await opened.flush();
        return inUnit(operations / ((performance.now() - start) / 1000));
      };
      return {
        ours,
        async peer() {
          const total = `--io-size ${block} --io-threads ${depth} --io-total ${operations * block}`;
          const printed = await shell.bash(
            `rbd bench --io-type ${type} --io-pattern ${pattern} ${total} --rbd_cache=false ${image} | tail -1`,
          );
          // It writes where it likes: what it may have written over is not ours to check.
          if (type === "write") written.clear();
          const perSecond = /ops\/sec: ([\d.]+)/.exec(printed)?.[1];
          if (perSecond === undefined) throw new Error(`rbd bench printed: ${printed}`);
          return inUnit(Number(perSecond));
        },
        async verify() {
          if (type === "write" && written.size === 0) await ours(fill);
          await compareWithExport(cluster, shell, written);
        },
        async [Symbol.asyncDispose]() {
          await cluster.close();
        },
      };
    },
  };
}

/** What was read through us is what `rbd export` says; what was written last is there. */
async function compareWithExport(
  cluster: Cluster,
  shell: BenchContext["shell"],
  written: ReadonlyMap<number, number>,
): Promise<void> {
  const path = join(tmpdir(), `coppice-bench-${crypto.randomUUID()}`);
  try {
    const digest = await shell.bash(
      `rbd export --no-progress ${image} - | tee ${path} | md5sum | cut -c1-32`,
    );
    const hash = createHash("md5");
    await using opened = await openImage(cluster, image);
    for (let at = 0; at < size; at += 4 * MiB) hash.update(await opened.read(at, 4 * MiB));
    if (hash.digest("hex") !== digest.trim()) throw new Error(`${image} was read wrong`);
    await using file = await open(path);
    const page = Buffer.alloc(4 * KiB);
    for (const [offset, fill] of written) {
      await file.read(page, 0, page.length, offset);
      if (!page.equals(Buffer.alloc(page.length, fill))) throw new Error(`${image} was written wrong`);
    }
  } finally {
    await rm(path, { force: true });
  }
}

const limits = { large: 0.95, small: 0.8 };

/** Enough for some seconds. */
function operationsFor(type: Io["type"], block: number, depth: number): number {
  const atMost = { read: 100_000, write: 40_000 }[type];
  const bytes = type === "read" ? 4 * size : 2 * size;
  return Math.min(bytes / block, depth === 1 ? atMost / 10 : atMost);
}

function ioCase(type: Io["type"], pattern: Io["pattern"], block: number, depth: number, name?: string) {
  const unit = block >= MiB ? `${block / MiB} MiB` : `${block / KiB} KiB`;
  const order = { seq: "sequential", rand: "random" }[pattern];
  return io({
    name: name ?? `io-${unit.replace(/ (.)iB/, "$1").toLowerCase()}-${pattern}-${type}-${depth}`,
    work: `${unit} ${order} ${type}s, depth ${depth}`,
    type,
    pattern,
    block,
    depth,
    operations: operationsFor(type, block, depth),
    atLeast: block >= MiB ? limits.large : limits.small,
  });
}

export const io4mRead = ioCase("read", "seq", 4 * MiB, 16, "io-4m-read");
export const io4mWrite = ioCase("write", "seq", 4 * MiB, 16, "io-4m-write");
export const io4kRead = ioCase("read", "rand", 4 * KiB, 64, "io-4k-read");
export const io4kWrite = ioCase("write", "rand", 4 * KiB, 64, "io-4k-write");

/** All sizes, patterns and depths. */
export const ioMatrix: readonly BenchCase[] = [4 * KiB, 64 * KiB, 4 * MiB].flatMap((block) =>
  (["seq", "rand"] as const).flatMap((pattern) =>
    (["read", "write"] as const).flatMap((type) =>
      [1, 16, 64].map((depth) => ioCase(type, pattern, block, depth)),
    ),
  ),
);
