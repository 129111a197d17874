// Plants a forest in a process of its own, so that a test can kill it. Says which image it begins.
import { connect } from "rbd-core";
import { plantForest } from "../src/plant-forest.ts";
import { forestIn } from "./support.ts";

const [conf, prefix] = process.argv.slice(2);
if (conf === undefined || prefix === undefined) throw new Error("usage: plant-process.ts CONF PREFIX");
await using cluster = await connect({ conf });
await plantForest(cluster, forestIn(prefix), {
  onProgress: ({ done }) => process.stdout.write(`${done}\n`),
});
