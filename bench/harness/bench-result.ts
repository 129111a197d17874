import type { BenchCase } from "./bench-case.ts";

/** One row of the report, as `--json` writes it. */
export interface BenchResult {
  readonly case: string;
  /** Median of ours, in `unit`. */
  readonly ours: number;
  /** Median of the peer's, in `unit`. */
  readonly peer: number;
  /** Who that is. */
  readonly peerName: string;
  /** Whether the peer is ours: `ratio` is then what something costs. */
  readonly isCost: boolean;
  readonly unit: BenchCase["unit"];
  /** How many times better ours is: above 1 is better, whatever the unit. */
  readonly ratio: number;
  /** The same against the strongest peer, where there is one beside the plain command. */
  readonly warm: { readonly peer: number; readonly peerName: string; readonly ratio: number } | null;
  /** Peak resident memory of the process while ours ran. */
  readonly rssMiB: number;
  /** 99th percentile of the event loop's delay while ours ran, of the worst run. */
  readonly loopDelayP99Ms: number;
  readonly note: string;
}

/** Peer's time over ours, or our throughput over the peer's. */
export function ratioOf(unit: BenchCase["unit"], ours: number, peer: number): number {
  return unit === "ms" ? peer / ours : ours / peer;
}

/** The middle value; the mean of the two middle ones when there is an even number. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  if (upper === undefined || lower === undefined) throw new RangeError("the median of nothing");
  return (lower + upper) / 2;
}
