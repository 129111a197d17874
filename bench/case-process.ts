// Runs one case in a process of its own, so that its peak memory is its own; started by main.ts.
import { connect } from "rbd-core";
import { cases } from "./cases/index.ts";
import { measure } from "./harness/measure.ts";
import { shellFor } from "./harness/shell.ts";

const [name, conf] = process.argv.slice(2);
const bench = cases.find((candidate) => candidate.name === name);
if (!bench || !conf) throw new Error(`usage: case-process.ts CASE CONF; there is no case "${name}"`);

await using cluster = await connect({ conf });
const result = await measure(bench, {
  cluster,
  conf,
  shell: shellFor(conf),
  say: (text) => process.stderr.write(`  ${bench.name}: ${text}\n`),
});
process.send?.(result);
process.disconnect?.();
