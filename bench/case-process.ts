// Plants or measures one case in a process of its own, so that its peak memory is its own; started by main.ts.
import { connect } from "rbd-core";
import { cases } from "./cases/index.ts";
import type { BenchContext } from "./harness/bench-case.ts";
import { measure } from "./harness/measure.ts";
import { shellFor } from "./harness/shell.ts";

const [name, conf, part, exports] = process.argv.slice(2);
const bench = cases.find((candidate) => candidate.name === name);
if (!bench || !conf)
  throw new Error(`usage: case-process.ts CASE CONF plant|measure; there is no case "${name}"`);

await using cluster = await connect({ conf });
const context: BenchContext = {
  cluster,
  conf,
  shell: shellFor(conf),
  readsExports: exports === "exports",
  say: (text) => process.stderr.write(`  ${bench.name}: ${text}\n`),
};
if (part === "plant") await bench.plant?.(context);
else process.send?.(await measure(bench, context));
process.disconnect?.();
