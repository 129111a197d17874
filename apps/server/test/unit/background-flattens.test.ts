import type { Cluster } from "rbd-core";
import { expect, test } from "vitest";
import { BackgroundFlattens } from "../../src/operations/background-flattens.ts";
import { FakeClock, settle } from "../support/fake-clock.ts";
import { silentLog } from "../support/silent-log.ts";

const cluster = {} as Cluster;
const reconciled = Promise.resolve();

function start() {
  const clock = new FakeClock();
  const limits = { soft: 4, hard: 8 };
  return { clock, flattens: new BackgroundFlattens({ clock, log: silentLog(), limits, onFlattened() {} }) };
}

test("before there is a connection, there is no queue", () => {
  const { flattens } = start();
  expect(() => flattens.get()).toThrow(expect.objectContaining({ code: "CLUSTER_UNREACHABLE" }));
});

test("reading the requests is tried again with doubling pauses until it succeeds", async () => {
  const { clock, flattens } = start();
  let reads = 0;
  flattens.begin(cluster, reconciled, async () => {
    reads += 1;
    if (reads < 3) throw new Error("no images");
    return [];
  });
  await settle();
  expect([reads, clock.pending]).toEqual([1, 1]);
  await clock.pass(30_000);
  expect([reads, clock.pending]).toEqual([2, 1]);
  await clock.pass(59_999);
  expect(reads).toBe(2);
  await clock.pass(1);
  expect([reads, clock.pending]).toEqual([3, 0]);
  await flattens.close();
});

test("requests are read when interrupted operations have been tried, and not on a connection that was replaced", async () => {
  const { flattens } = start();
  const tried = Promise.withResolvers<void>();
  const reads: string[] = [];
  const readOn = (connection: string) => async () => {
    reads.push(connection);
    return [];
  };
  flattens.begin(cluster, tried.promise, readOn("before"));
  flattens.begin(cluster, tried.promise, readOn("after"));
  await settle();
  expect(reads).toEqual([]);
  tried.resolve();
  await settle();
  expect(reads).toEqual(["after"]);
  await flattens.close();
});

test("a new connection has a queue of its own, and the pause of the one before is canceled", async () => {
  const { clock, flattens } = start();
  const first = Promise.withResolvers<[]>();
  flattens.begin(cluster, reconciled, () => first.promise);
  await settle();
  const before = flattens.get();
  flattens.begin(cluster, reconciled, async () => []);
  expect(flattens.get()).not.toBe(before);
  first.reject(new Error("the connection is lost"));
  await settle();
  expect(clock.pending).toBe(0);
  await flattens.close();
});

test("after closing, requests are not read any more", async () => {
  const { clock, flattens } = start();
  let reads = 0;
  const fail = async () => {
    reads += 1;
    throw new Error("no images");
  };
  flattens.begin(cluster, reconciled, fail);
  await settle();
  await flattens.close();
  await clock.pass(60_000);
  flattens.begin(cluster, reconciled, fail);
  await settle();
  expect(reads).toBe(1);
});
