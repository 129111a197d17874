import { inventory } from "rbd-core";
import type { BenchCase, BenchContext, PreparedCase } from "../harness/bench-case.ts";
import { timed } from "../harness/shell.ts";
import { pool1k } from "./inventory-1k.ts";
import { plantForest } from "./inventory-forest.ts";

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
