// `npm run bench`: ours and the peer in turn, on a private cluster. See README.md for the cases and the options.
import { fork } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { mkdtemp, rm, statfs } from "node:fs/promises";
import { freemem, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startCluster } from "@coppice/dev-cluster";
import { cases, choose } from "./cases/index.ts";
import type { BenchCase } from "./harness/bench-case.ts";
import type { BenchResult } from "./harness/bench-result.ts";
import { table } from "./harness/report.ts";

const osdSizeGiB = 8;

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    json: { type: "string" },
    dir: { type: "string" },
    exports: { type: "boolean", default: false },
  },
});
const chosen = choose(values.only?.split(","));
const kept = values.dir !== undefined;
const dir = values.dir ?? (await mkdtemp(join((await memoryFolder()) ?? tmpdir(), "coppice-bench-")));

const results: BenchResult[] = [];
const failed: string[] = [];
{
  await using started = new AsyncDisposableStack();
  if (!kept) started.defer(() => rm(dir, { recursive: true }));
  console.error(`Starting a private cluster in ${dir}`);
  const cluster = started.use(
    await startCluster({ dir, osdSizeGiB, onProgress: (text) => console.error(`  ${text}`) }),
  );
  for (const bench of chosen) {
    console.error(`${bench.name}: ${bench.work}, against ${bench.against}`);
    try {
      if (bench.plant !== undefined) await runInOwnProcess(bench, cluster.conf, "plant");
      const result = await runInOwnProcess(bench, cluster.conf, "measure");
      if (result === undefined) throw new Error(`The case ${bench.name} had no result`);
      results.push(result);
      console.error(`  ${bench.name}: ratio ${result.ratio.toFixed(2)}`);
    } catch (error) {
      // The figures of the other cases are worth having all the same.
      failed.push(bench.name);
      console.error(`  ${bench.name} failed: ${error instanceof Error ? error.message : String(error)}`);
    }
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, undefined, 2)}\n`);
  }
}
console.log(table(results, cases));
if (failed.length > 0) {
  console.error(`No figures of ${failed.join(", ")}: see above.`);
  process.exitCode = 1;
}

/** A folder in memory with room for the cluster: a slow disk would be all that is measured, of both sides. */
async function memoryFolder(): Promise<string | undefined> {
  const folder = "/dev/shm";
  const needed = (osdSizeGiB + 4) * 1024 ** 3;
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize > needed && freemem() > needed ? folder : undefined;
  } catch {
    return undefined;
  }
}

async function runInOwnProcess(
  bench: BenchCase,
  conf: string,
  part: "plant" | "measure",
): Promise<BenchResult | undefined> {
  const execArgv = part === "measure" ? [...(bench.nodeOptions ?? [])] : [];
  const child = fork(
    join(import.meta.dirname, "case-process.ts"),
    [bench.name, conf, part, values.exports ? "exports" : ""],
    {
      execArgv,
      // As the product's server runs.
      env: { ...process.env, MALLOC_ARENA_MAX: "2" },
    },
  );
  let result: BenchResult | undefined;
  child.once("message", (message) => {
    result = message as BenchResult;
  });
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) throw new Error(`The case ${bench.name} ended with exit code ${code}`);
  return result;
}
