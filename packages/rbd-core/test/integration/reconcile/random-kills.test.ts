import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";
import { hasCode } from "../../../src/errors/index.ts";
import { readOperations } from "../../../src/operation/index.ts";
import { reconcile } from "../../../src/reconcile/index.ts";
import { type DyingRound, operations, type Pools, prepareRound } from "../../support/killed-operations.ts";
import { seedsFrom } from "../../support/soak.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";
import { Random } from "../transfer/random.ts";

const own = useOwnPool("random-kills");

/** How often each outcome was seen of each operation. */
const counts = new Map<string, Map<string, number>>();

function count(name: string, outcome: string): void {
  const of = counts.get(name) ?? new Map<string, number>();
  counts.set(name, of.set(outcome, (of.get(outcome) ?? 0) + 1));
}

afterAll(() => {
  const shown = [...counts].map(([name, of]) => {
    return `${name}: ${[...of].map(([outcome, times]) => `${times} ${outcome}`).join(", ")}`;
  });
  console.log(shown.join("\n"));
});

/** How long the operations of a round take together, in milliseconds. */
let usualLength = 2500;

/** Runs operations side by side in a process of their own, and kills it at a random moment. */
async function runAndKill(round: DyingRound, random: Random): Promise<void> {
  const program = fileURLToPath(new URL("../../support/killed-operations.ts", import.meta.url));
  const child = fork(program, [JSON.stringify(round)], { stdio: ["ignore", "inherit", "pipe", "ipc"] });
  let problem = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    problem = (problem + chunk.toString()).slice(-4000);
  });
  const closed = once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
  await Promise.race([once(child, "message"), closed]);
  const begun = performance.now();
  // Most operations have more to lose early: half of the kills fall into the first quarter.
  const moment = (random.below(1000) / 1000) ** 2 * usualLength;
  const timer = setTimeout(() => child.kill("SIGKILL"), moment);
  const [code] = await closed;
  clearTimeout(timer);
  if (code === 0) usualLength = Math.round((usualLength + performance.now() - begun) / 2);
  else expect(code, problem).toBe(null);
}

/** Waits for nothing: looks at every operation of a round, applies a remedy, and looks again. */
async function remedyRound(pools: Pools, remedy: "the same call" | "reconcile"): Promise<string[]> {
  const { cluster } = own;
  const [ioCtx, trash] = [await cluster.pool(pools.pool), await cluster.pool(pools.trash)];
  const recorded = [...(await readOperations(ioCtx)), ...(await readOperations(trash))];
  const isRecorded = (image: RegExp) => recorded.some(({ record }) => image.test(record?.image ?? ""));
  const wrong: string[] = [];
  const before = new Map<string, string>();
  for (const [name, { look, image }] of Object.entries(operations)) {
    if (!isRecorded(image)) before.set(name, await look({ ioCtx, trash }));
  }
  if (remedy === "reconcile") {
    for (const { operation, outcome, what } of await reconcile(cluster, {
      pools: [pools.pool, pools.trash],
    })) {
      if (outcome !== "finished" && outcome !== "undone")
        wrong.push(`${operation.image.image}: ${outcome}: ${what}`);
    }
  }
  for (const [name, { run, look }] of Object.entries(operations)) {
    const unrecorded = before.get(name);
    let outcome = unrecorded === undefined ? `by ${remedy}` : unrecorded === "done" ? "whole" : "not begun";
    if (remedy === "the same call") {
      await run(cluster, pools).catch((error: unknown) => {
        const wasDone = unrecorded === "done" && (hasCode(error, "EXISTS") || hasCode(error, "NOT_FOUND"));
        if (!wasDone) wrong.push(`${name}: ${String(error)}`);
      });
    }
    const after = await look({ ioCtx, trash });
    if (outcome === "by reconcile")
      outcome = after === "done" ? "finished by reconcile" : "undone by reconcile";
    const isRight = after === "done" || (after === "nothing" && remedy === "reconcile");
    if (!isRight) wrong.push(`${name}: ${after} (${unrecorded ?? "recorded"} before)`);
    count(name, isRight ? outcome : "WRONG");
  }
  const left = [...(await readOperations(ioCtx)), ...(await readOperations(trash))].map(({ key }) => key);
  if (left.length > 0) wrong.push(`records are left: ${left.join()}`);
  await using source = await ioCtx.openImage("source", { readOnly: true });
  for (const { name } of await source.listSnapshots()) {
    if (name === "guarded" || (await source.listChildren(name)).length > 0) continue;
    wrong.push(`the snapshot ${name} of the source is left`);
  }
  return wrong;
}

it.each(seedsFrom(1, { usual: 1, ci: 2 }))(
  "whatever a process was doing when it was killed is finished or undone (seed %i)",
  { timeout: 180_000 },
  async (seed) => {
    const pools = { pool: `${own.pool}-${seed}`, trash: `${own.pool}-${seed}-trash` };
    await prepareRound(own.cluster, pools);
    await runAndKill({ ...pools, conf: own.conf, names: Object.keys(operations) }, new Random(seed));
    const wrong = await remedyRound(pools, seed % 2 === 0 ? "reconcile" : "the same call");
    // A round that found something stays, to be looked at.
    expect(wrong).toEqual([]);
    for (const each of Object.values(pools)) await own.cluster.deletePool(each);
  },
);
