import { expect, test } from "vitest";
import { watchDaemons } from "../../product/private-cluster.ts";

/** Daemons of which some have ended. */
function daemonsWithout(...ended: string[]) {
  const gone = new Set(ended);
  const daemons = ["mon.a", "osd.0"].map((name) => ({
    name,
    pid: async () => (gone.has(name) ? undefined : 1),
  }));
  return { daemons, gone };
}

test("daemons that ended are started again", async () => {
  const { daemons, gone } = daemonsWithout("osd.0");
  const restarted = Promise.withResolvers<string[]>();
  const watch = watchDaemons(daemons, 5, async (names) => {
    gone.clear();
    restarted.resolve(names);
  });
  expect(await restarted.promise).toEqual(["osd.0"]);
  await watch.stop();
});

test("a restart that fails is reported", async () => {
  const { daemons } = daemonsWithout("mon.a", "osd.0");
  const watch = watchDaemons(daemons, 5, async () => {
    throw new Error("no memory");
  });
  await expect(watch.failed).rejects.toThrow("no memory");
  await watch.stop();
});

test("after the end of the watch nothing is started", async () => {
  const { daemons, gone } = daemonsWithout();
  let restarts = 0;
  const watch = watchDaemons(daemons, 1, async () => {
    restarts += 1;
  });
  await watch.stop();
  gone.add("mon.a");
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(restarts).toBe(0);
});
