import { readFileSync, writeFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { BenchCase, BenchContext } from "./bench-case.ts";
import { type BenchResult, median, ratioOf } from "./bench-result.ts";

const defaultPairs = 3;

/** Prepares a case, runs ours and the peer in turn, checks that both did the same work, and takes medians. */
export async function measure(bench: BenchCase, context: BenchContext): Promise<BenchResult> {
  context.say("preparing");
  await using prepared = await bench.prepare(context);
  const loopDelays: number[] = [];
  const peaks: number[] = [];
  const ours: number[] = [];
  const peer: number[] = [];
  const warmPeer: number[] = [];
  const radosBench: number[] = [];
  let repeated = 0;
  const pairs = bench.pairs ?? defaultPairs;
  for (let pair = 0; pair < pairs; pair++) {
    context.say(`pair ${pair + 1} of ${pairs}`);
    // Who goes first changes with each pair, so that neither always finds the other's warm caches.
    const turns = [
      async () => {
        forgetPeak();
        ours.push(await watchingLoop(loopDelays, () => prepared.ours(pair)));
        peaks.push(peakMiB());
      },
      async () => {
        const took = await orFailure(() => prepared.peer(pair));
        if (!(took instanceof PeerFailure)) {
          peer.push(took);
          return;
        }
        context.say(`the peer failed, and does this pair again: ${took.message}`);
        repeated++;
        peer.push(await prepared.peer(pair));
      },
      async () => {
        if (prepared.warmPeer !== undefined) warmPeer.push(await prepared.warmPeer(pair));
      },
    ];
    for (const turn of pair % 2 === 0 ? turns : turns.toReversed()) await turn();
  }
  // Not between the pairs: the OSD would be busy with removing what it wrote.
  if (prepared.radosBench !== undefined) {
    for (let run = 0; run < pairs; run++) radosBench.push(await prepared.radosBench());
  }
  context.say("verifying");
  await prepared.verify();
  return {
    case: bench.name,
    ours: median(ours),
    peer: median(peer),
    peerName: bench.against,
    isCost: bench.isCost === true,
    unit: bench.unit,
    ratio: ratioOf(bench.unit, median(ours), median(peer)),
    warm: warmOf(bench, ours, warmPeer),
    rssMiB: Math.max(...peaks),
    loopDelayP99Ms: Math.max(...loopDelays),
    note: noteOf(bench, pairs, repeated, radosBench),
  };
}

function warmOf(bench: BenchCase, ours: readonly number[], warmPeer: readonly number[]): BenchResult["warm"] {
  if (bench.warm === undefined || warmPeer.length === 0) return null;
  const peer = median(warmPeer);
  return { peer, peerName: bench.warm.against, ratio: ratioOf(bench.unit, median(ours), peer) };
}

function noteOf(
  { work, unit }: BenchCase,
  pairs: number,
  repeated: number,
  radosBench: readonly number[],
): string {
  const notes = [work, `${pairs} pairs`];
  if (repeated > 0) notes.push(`the peer failed ${repeated} times and repeated the pair`);
  if (radosBench.length > 0) notes.push(`rados bench ${median(radosBench).toFixed(0)} ${unit}`);
  return notes.join("; ");
}

/** A command of the peer's that failed: Ceph 16's `rbd` aborts now and then while it exits. */
class PeerFailure extends Error {}

async function orFailure(run: () => Promise<number>): Promise<number | PeerFailure> {
  try {
    return await run();
  } catch (error) {
    return new PeerFailure(String(error), { cause: error });
  }
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

/** What making the images and looking at them afterwards took is not the measured work's (proc(5): clear_refs). */
function forgetPeak(): void {
  writeFileSync("/proc/self/clear_refs", "5");
}

/** The most memory the process had resident since then. */
function peakMiB(): number {
  const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  if (peak === undefined) throw new Error("/proc/self/status does not say VmHWM");
  return Number(peak) / 1024;
}
