import { monitorEventLoopDelay } from "node:perf_hooks";
import type { BenchCase, BenchContext } from "./bench-case.ts";
import { type BenchResult, median, ratioOf } from "./bench-result.ts";

const defaultPairs = 3;

/** Prepares a case, runs ours and the peer in turn, checks that both did the same work, and takes medians. */
export async function measure(bench: BenchCase, context: BenchContext): Promise<BenchResult> {
  context.say("preparing");
  await using prepared = await bench.prepare(context);
  const loopDelays: number[] = [];
  const ours: number[] = [];
  const peer: number[] = [];
  const pairs = bench.pairs ?? defaultPairs;
  for (let pair = 0; pair < pairs; pair++) {
    context.say(`pair ${pair + 1} of ${pairs}`);
    // Who goes first changes with each pair, so that neither always finds the other's warm caches.
    const turns = [
      async () => {
        ours.push(await watchingLoop(loopDelays, () => prepared.ours(pair)));
      },
      async () => {
        peer.push(await prepared.peer(pair));
      },
    ];
    for (const turn of pair % 2 === 0 ? turns : turns.toReversed()) await turn();
  }
  context.say("verifying");
  await prepared.verify();
  return {
    case: bench.name,
    ours: median(ours),
    peer: median(peer),
    unit: bench.unit,
    ratio: ratioOf(bench.unit, median(ours), median(peer)),
    rssMiB: process.resourceUsage().maxRSS / 1024,
    loopDelayP99Ms: Math.max(...loopDelays),
    note: `${bench.work}, against ${bench.against}; ${pairs} pairs`,
  };
}

/** Adds the 99th percentile of the event loop's delay while `work` runs, in ms. A monitor used again would count the pause. */
async function watchingLoop(delays: number[], work: () => Promise<number>): Promise<number> {
  const monitor = monitorEventLoopDelay({ resolution: 1 });
  monitor.enable();
  try {
    return await work();
  } finally {
    monitor.disable();
    delays.push(monitor.percentile(99) / 1e6);
  }
}
