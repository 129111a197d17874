import { fork } from "node:child_process";
import { once } from "node:events";
import { afterAll, expect, it } from "vitest";
import { childProgram } from "../../support/child-program.ts";
import { type DyingRound, operations, prepareRound, remedyRound } from "../../support/killed-operations.ts";
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

/**
 * Runs operations side by side in a process of their own, and kills it at a random moment.
 *
 * @param length About how many milliseconds they take.
 */
async function runAndKill(round: DyingRound, random: Random, length: number): Promise<void> {
  const child = fork(childProgram("killed-operations.ts"), [JSON.stringify(round)], {
    stdio: ["ignore", "inherit", "pipe", "ipc"],
  });
  let problem = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    problem = (problem + chunk.toString()).slice(-4000);
  });
  const closed = once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
  await Promise.race([once(child, "message"), closed]);
  const timer = setTimeout(() => child.kill("SIGKILL"), random.below(length));
  const [code] = await closed;
  clearTimeout(timer);
  if (code !== 0) expect(code, problem).toBe(null);
}

it.each(seedsFrom(1, { usual: 1, soak: 1 }))(
  "whatever a process was doing when it was killed is finished or undone (seed %i)",
  { timeout: 180_000 },
  async (seed) => {
    const pools = { pool: `${own.pool}-${seed}`, trash: `${own.pool}-${seed}-trash` };
    const begun = performance.now();
    await prepareRound(own.cluster, pools);
    // Preparing a round takes about as long as its operations, on a busy machine as on an idle one.
    const length = Math.ceil(performance.now() - begun);
    const round = { ...pools, conf: own.conf, names: Object.keys(operations) };
    await runAndKill(round, new Random(seed), length);
    const wrong = await remedyRound(
      own.cluster,
      pools,
      seed % 2 === 0 ? "reconcile" : "the same call",
      count,
    );
    // A round that found something stays, to be looked at.
    expect(wrong).toEqual([]);
    for (const each of Object.values(pools)) await own.cluster.deletePool(each);
  },
);
