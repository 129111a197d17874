/**
 * Damages streams for as long as is asked for: `node scripts/fuzz-formats.ts [seconds] [seed]`. A failure names
 * the seed with which it comes again.
 */
import { fuzzFormats } from "../test/unit/formats/fuzz.ts";

const seconds = Number(process.argv[2] ?? 60);
let seed = Number(process.argv[3] ?? Date.now() % 2 ** 31);
const end = performance.now() + seconds * 1000;
const batch = 2000;
let runs = 0;
const codes = new Map<string, number>();
console.log(`fuzzing from seed ${seed} for ${seconds} s`);
while (performance.now() < end) {
  const outcome = await fuzzFormats(seed, batch);
  seed += batch;
  runs += outcome.runs;
  for (const [code, count] of outcome.codes) codes.set(code, (codes.get(code) ?? 0) + count);
}
const mebibytes = process.resourceUsage().maxRSS / 1024;
console.log(`${runs} damaged streams, none out of bounds; at most ${mebibytes.toFixed(0)} MiB`);
for (const [code, count] of [...codes].toSorted(([, a], [, b]) => b - a)) console.log(`  ${code}: ${count}`);
