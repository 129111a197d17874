import { connect, copyDiff } from "rbd-core";
import type { BenchCase } from "../harness/bench-case.ts";
import { shellFor, timed } from "../harness/shell.ts";
import { radosBench } from "./rados-bench.ts";
import { block, denseImages, plantDense, size } from "./transfer-dense.ts";

const pool = "bench-transfer-dense-latency";

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
  plant: (context) => plantDense(context, pool),
  async prepare(context) {
    const dense = denseImages(context, pool);
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
      radosBench: () => radosBench(shell, pool, size / block, options),
      verify: () => dense.verify(),
      async [Symbol.asyncDispose]() {
        await far.close();
        await dense.remove();
      },
    };
  },
};
