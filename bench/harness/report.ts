import type { BenchCase } from "./bench-case.ts";
import type { BenchResult } from "./bench-result.ts";

const digits = (value: number) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));

/** The table that is printed at the end, one line a case. */
export function table(results: readonly BenchResult[], cases: readonly BenchCase[]): string {
  const header = ["case", "ours", "peer", "unit", "ratio", "at least", "aim", "RSS MiB", "loop p99 ms", ""];
  const rows = results.map((result) => {
    const goal = cases.find(({ name }) => name === result.case);
    return [
      result.case,
      digits(result.ours),
      digits(result.peer),
      result.unit,
      digits(result.ratio),
      String(goal?.atLeast ?? ""),
      String(goal?.aim ?? ""),
      result.rssMiB.toFixed(0),
      result.loopDelayP99Ms.toFixed(1),
      result.note,
    ];
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
