import type { Cluster } from "rbd-core";
import { expect, test } from "vitest";
import { BackgroundFlattens } from "../../src/operations/background-flattens.ts";
import { FakeClock, settle } from "../support/fake-clock.ts";
import { silentLog } from "../support/silent-log.ts";

const cluster = {} as Cluster;

function start() {
  const clock = new FakeClock();
  const limits = { soft: 4, hard: 8 };
  return { clock, flattens: new BackgroundFlattens({ clock, log: silentLog(), limits, onFlattened() {} }) };
}

test("before there is a connection, there is no queue", () => {
  const { flattens } = start();
  expect(() => flattens.get()).toThrow(expect.objectContaining({ code: "CLUSTER_UNREACHABLE" }));
});

test("a look for requests that fails is repeated, each time after twice as long, until it succeeds", async () => {
  const { clock, flattens } = start();
  let looks = 0;
  flattens.begin(cluster, async () => {
    looks += 1;
    if (looks < 3) throw new Error("no images");
    return [];
  });
  await settle();
  expect([looks, clock.pending]).toEqual([1, 1]);
  await clock.pass(30_000);
  expect([looks, clock.pending]).toEqual([2, 1]);
  await clock.pass(59_999);
  expect(looks).toBe(2);
  await clock.pass(1);
  expect([looks, clock.pending]).toEqual([3, 0]);
  await flattens.close();
});

test("a new connection has a queue of its own, and what the one before waited for is given up", async () => {
  const { clock, flattens } = start();
  const first = Promise.withResolvers<[]>();
  flattens.begin(cluster, () => first.promise);
  const before = flattens.get();
  flattens.begin(cluster, async () => []);
  expect(flattens.get()).not.toBe(before);
  first.reject(new Error("the connection is lost"));
  await settle();
  expect(clock.pending).toBe(0);
  await flattens.close();
});

test("after the end nothing is looked for any more", async () => {
  const { clock, flattens } = start();
  let looks = 0;
  const fail = async () => {
    looks += 1;
    throw new Error("no images");
  };
  flattens.begin(cluster, fail);
  await settle();
  await flattens.close();
  await clock.pass(60_000);
  flattens.begin(cluster, fail);
  await settle();
  expect(looks).toBe(1);
});
