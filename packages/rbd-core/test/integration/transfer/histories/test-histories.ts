import { afterAll, expect, inject, it } from "vitest";
import { connect } from "../../../../src/cluster/connect.ts";
import { PythonRbd } from "../../../support/python-rbd.ts";
import { freshName } from "../../../support/rbd-cli.ts";
import { firstSeed, isSoak, seedsFrom } from "../../../support/soak.ts";
import { Counts } from "./history-target.ts";
import { runHistory } from "./run-history.ts";

const files = 2;
const historiesATest = 25;
/** Most of a history is waiting: for the monitors, which make a snapshot at a time, and for other processes. */
const atATime = 4;

/**
 * The tests that follow random histories. They are in several files, so that these run side by side.
 *
 * @param part From 1 to 2: every second seed.
 */
export async function testHistories(part: number): Promise<void> {
  // Without it librbd leaves small ranges as they are.
  const settings = { rbd_skip_partial_discard: "false" };
  const conf = inject("cephConf");
  const cluster = await connect({ conf, settings });
  afterAll(() => cluster.close());
  const python = new PythonRbd(conf);
  afterAll(() => python[Symbol.asyncDispose]());
  const counts = new Counts();
  afterAll(() => {
    if (isSoak) console.log(`Histories, part ${part}: ${counts}`);
  });
  if (!isSoak) console.log(`Random histories from seed ${firstSeed + 1} on`);
  const all = seedsFrom(1, { usual: 12, soak: 200 }).filter((_, i) => i % files === part - 1);
  const tests = Array.from({ length: Math.ceil(all.length / historiesATest) }, (_, i) => {
    const seeds = all.slice(i * historiesATest, (i + 1) * historiesATest);
    return { seeds, first: seeds[0], last: seeds.at(-1) };
  });
  it.each(tests)(
    `every second seed from $first to $last`,
    async ({ seeds }) => {
      // Removing a pool is cheaper than removing its images.
      const pool = freshName("histories");
      await cluster.createPool(pool);
      const place = { cluster, conf, pool, python };
      const left = [...seeds];
      const worker = async () => {
        for (let seed = left.shift(); seed !== undefined; seed = left.shift()) {
          await runHistory(place, seed, counts).catch((error: Error) => failures.push(error.message));
        }
      };
      // One that fails hides no other.
      const failures: string[] = [];
      await Promise.all(Array.from({ length: atATime }, worker));
      await cluster.deletePool(pool);
      expect(failures.join("\n")).toBe("");
    },
    300_000,
  );
}
