import { connect, copyDiff, createImage, openImage } from "rbd-core";
import type { BenchCase, BenchContext } from "../harness/bench-case.ts";
import { shellFor, timed } from "../harness/shell.ts";
import { radosBench } from "./rados-bench.ts";
import { freshPool, noise } from "./transfer-increment.ts";

const pool = "bench-transfer-dense";
/** Bytes of the image. */
const size = 1024 ** 3;
const block = 4 * 1024 ** 2;

/** Makes an image of 1 GiB with data everywhere and a snapshot `s`. */
async function plantDense({ cluster, shell }: BenchContext, pool: string): Promise<void> {
  await shell.bash(freshPool(pool));
  const source = `${pool}/source`;
  await createImage(cluster, source, { size });
  await using image = await openImage(cluster, source);
  for (let at = 0; at < size; at += block) await image.write(at, noise(block, at / block));
  await image.flush();
  await image.createSnapshot("s");
}

/** That image, and empty ones to copy it to. */
function denseImages({ shell }: BenchContext, pool: string) {
  const source = `${pool}/source`;
  return {
    source,
    async make(name: string, pair: number): Promise<string> {
      const target = `${pool}/${name}`;
      if (pair > 0)
        await shell.bash(`rbd snap purge --no-progress ${target} && rbd rm --no-progress ${target}`);
      await shell.rbd("create", "--size", `${size}B`, target);
      return target;
    },
    async verify(): Promise<void> {
      const digest = (image: string) => shell.bash(`rbd export --no-progress ${pool}/${image}@s - | md5sum`);
      const [a, b, c] = [await digest("source"), await digest("ours"), await digest("peer")];
      if (a !== b || b !== c) throw new Error(`the images differ: source ${a}, ours ${b}, peer ${c}`);
    },
    async remove(): Promise<void> {
      await shell.bash(`ceph config set mon mon_allow_pool_delete true
        ceph osd pool delete ${pool} ${pool} --yes-i-really-really-mean-it`);
    },
  };
}

/** Copies an image of 1 GiB with data everywhere. */
export const transferDense: BenchCase = {
  name: "transfer-dense",
  work: "full copy, 1 GiB dense",
  against: "rbd export-diff | rbd import-diff",
  unit: "ms",
  atLeast: 1.3,
  plant: (context) => plantDense(context, pool),
  async prepare(context) {
    const { cluster, shell } = context;
    const dense = denseImages(context, pool);
    return {
      async ours(pair) {
        const target = await dense.make("ours", pair);
        return timed(() => copyDiff(cluster, { image: dense.source, to: "s", target: { image: target } }));
      },
      async peer(pair) {
        const target = await dense.make("peer", pair);
        return timed(() =>
          shell.bash(
            `rbd export-diff --no-progress ${dense.source}@s - | rbd import-diff --no-progress - ${target}`,
          ),
        );
      },
      radosBench: () => radosBench(shell, pool, size / block),
      verify: () => dense.verify(),
      [Symbol.asyncDispose]: () => dense.remove(),
    };
  },
};

const verifiedPool = "bench-transfer-verified";

/** What it costs to read a copy of 1 GiB back and to compare its digests before its snapshot gets its name. */
export const transferVerified: BenchCase = {
  name: "transfer-verified",
  work: "full copy, 1 GiB dense, verify: changed",
  against: "the same without verification",
  isCost: true,
  unit: "ms",
  atLeast: 0.4,
  plant: (context) => plantDense(context, verifiedPool),
  async prepare(context) {
    const { cluster } = context;
    const dense = denseImages(context, verifiedPool);
    const copy = async (target: string, verify: "changed" | "none") =>
      timed(() => copyDiff(cluster, { image: dense.source, to: "s", target: { image: target }, verify }));
    return {
      ours: async (pair) => copy(await dense.make("ours", pair), "changed"),
      peer: async (pair) => copy(await dense.make("peer", pair), "none"),
      verify: () => dense.verify(),
      [Symbol.asyncDispose]: () => dense.remove(),
    };
  },
};

const farPool = "bench-transfer-dense-latency";

/** About 10 ms on the way to the OSDs, as a network would have; no more than the messenger's own fault injection. */
const delay = {
  ms_inject_delay_type: "osd",
  ms_inject_delay_probability: "1",
  ms_inject_delay_max: "0.02",
};

/** Copies an image of 1 GiB with data everywhere, far from the cluster. */
export const transferDenseLatency: BenchCase = {
  name: "transfer-dense-latency",
  work: "full copy, 1 GiB dense, about 10 ms injected",
  against: "rbd export-diff | rbd import-diff",
  unit: "ms",
  atLeast: 2,
  plant: (context) => plantDense(context, farPool),
  async prepare(context) {
    const dense = denseImages(context, farPool);
    const far = await connect({ conf: context.conf, settings: delay });
    const shell = shellFor(context.conf);
    const options = Object.entries(delay)
      .map(([name, value]) => `--${name}=${value}`)
      .join(" ");
    return {
      async ours(pair) {
        const target = await dense.make("ours", pair);
        return timed(() => copyDiff(far, { image: dense.source, to: "s", target: { image: target } }));
      },
      async peer(pair) {
        const target = await dense.make("peer", pair);
        return timed(() =>
          shell.bash(
            `rbd ${options} export-diff --no-progress ${dense.source}@s - | rbd ${options} import-diff --no-progress - ${target}`,
          ),
        );
      },
      radosBench: () => radosBench(shell, farPool, size / block, options),
      verify: () => dense.verify(),
      async [Symbol.asyncDispose]() {
        await far.close();
        await dense.remove();
      },
    };
  },
};
