import type { BenchCase } from "./bench-case.ts";
import type { BenchResult } from "./bench-result.ts";

type Goal = Pick<BenchCase, "atLeast" | "aim">;

const digits = (value: number) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));

/** The table that is printed at the end, one line a case. */
export function table(results: readonly BenchResult[], cases: readonly BenchCase[]): string {
  const header = [
    "case",
    "ours",
    "unit",
    "peer",
    "its",
    "ratio",
    "at least",
    "aim",
    "RSS MiB",
    "loop p99 ms",
    "",
  ];
  const rows = results.flatMap((result) => {
    const goal = cases.find(({ name }) => name === result.case);
    const { peerName, peer, ratio, isCost, warm, unit } = result;
    const against = (name: string, its: number, by: string, wanted: Goal | undefined) => [
      name,
      digits(its),
      by,
      String(wanted?.atLeast ?? ""),
      String(wanted?.aim ?? ""),
    ];
    const first = [
      result.case,
      digits(result.ours),
      unit,
      ...against(peerName, peer, isCost ? `${digits(ratio)} (cost)` : digits(ratio), goal),
      result.rssMiB.toFixed(0),
      result.loopDelayP99Ms.toFixed(1),
      result.note,
    ];
    if (warm === null) return [first];
    return [first, ["", "", "", ...against(warm.peerName, warm.peer, digits(warm.ratio), goal?.warm)]];
  });
  const lines = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? "").length)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
