import { type Cluster, CoppiceError } from "rbd-core";
import { beforeEach, describe, expect, test } from "vitest";
import { ClusterConnection } from "../../src/cluster/cluster-connection.ts";
import { createCheck } from "../../src/cluster/clusters.ts";
import { FakeClock, settle } from "../support/fake-clock.ts";
import { silentLog } from "../support/silent-log.ts";

let clock: FakeClock;
let attempts: { succeed(): { closed: boolean }; fail(error: Error): void }[];
let connected: number;
let recovered: number;
let check: () => Promise<void>;
let connection: ClusterConnection;

beforeEach(() => {
  clock = new FakeClock();
  attempts = [];
  connected = 0;
  recovered = 0;
  check = async () => {};
  connection = new ClusterConnection({
    clock,
    log: silentLog(),
    check: () => check(),
    onConnected: () => {
      connected += 1;
    },
    onRecovered: () => {
      recovered += 1;
    },
    connect: () => {
      const { promise, resolve, reject } = Promise.withResolvers<Cluster>();
      attempts.push({
        succeed() {
          const facts = { closed: false };
          const close = async () => {
            facts.closed = true;
          };
          resolve({ fsid: `fsid-${attempts.length}`, close } as unknown as Cluster);
          return facts;
        },
        fail: reject,
      });
      return promise;
    },
  });
  connection.open();
});

const timedOut = () => new CoppiceError({ code: "TIMED_OUT", message: "no monitor answers" });

test("until there is a connection, every use of it fails with the reason", async () => {
  expect(() => connection.get()).toThrow(expect.objectContaining({ code: "CLUSTER_UNREACHABLE" }));
  attempts[0]?.fail(timedOut());
  await settle();
  expect(() => connection.get()).toThrow("There is no connection to the cluster. No monitor answers.");
});

test("a request waits for the connection that is being made, but not for long, and not for the next attempt", async () => {
  const early = connection.use(async ({ fsid }) => fsid);
  attempts[0]?.fail(timedOut());
  await expect(early).rejects.toMatchObject({ code: "CLUSTER_UNREACHABLE" });
  await expect(connection.whenOpen()).rejects.toMatchObject({ code: "CLUSTER_UNREACHABLE" });
  await clock.pass(1000);
  const patient = expect(connection.whenOpen()).rejects.toMatchObject({ code: "CLUSTER_UNREACHABLE" });
  await clock.pass(5000);
  await patient;
  await expect(connection.whenOpen()).rejects.toMatchObject({ code: "CLUSTER_UNREACHABLE" }); // at once
  attempts[1]?.fail(timedOut());
  await settle();
  await clock.pass(2000);
  const lucky = connection.use(async ({ fsid }) => fsid);
  attempts[2]?.succeed();
  expect(await lucky).toBe("fsid-3");
});

test("it keeps trying, with growing pauses, until it succeeds", async () => {
  attempts[0]?.fail(timedOut());
  await settle();
  for (const pause of [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
    const before = attempts.length;
    await clock.pass(pause - 1);
    expect(attempts.length).toBe(before);
    await clock.pass(1);
    expect(attempts.length).toBe(before + 1);
    attempts.at(-1)?.fail(timedOut());
    await settle();
  }
  await clock.pass(30_000);
  attempts.at(-1)?.succeed();
  await settle();
  expect(connection.answering).toBe(true);
  expect(connected).toBe(1);
});

test("an ordinary error does not close the connection", async () => {
  attempts[0]?.succeed();
  await settle();
  const error = new CoppiceError({ code: "NOT_FOUND", message: "no such pool" });
  await expect(connection.use(async () => Promise.reject(error))).rejects.toBe(error);
  expect(connection.answering).toBe(true);
  expect(attempts.length).toBe(1);
});

test("a blocklisted connection is closed and replaced once", async () => {
  const first = attempts[0]?.succeed();
  await settle();
  const error = new CoppiceError({ code: "BLOCKLISTED", message: "this client is blocklisted" });
  const calls = [1, 2, 3].map(() => connection.use(async () => Promise.reject(error)));
  await Promise.allSettled(calls);
  await settle();
  expect(first?.closed).toBe(true);
  expect(attempts.length).toBe(2);
  attempts[1]?.succeed();
  await settle();
  expect(connection.get().fsid).toBe("fsid-2");
  expect(connected).toBe(2);
});

test("closing ends the attempts and closes the connection, even one that is being opened", async () => {
  const closing = connection.close();
  const late = attempts[0]?.succeed();
  await closing;
  expect(late?.closed).toBe(true);
  expect(connected).toBe(0);
  await clock.pass(600_000);
  expect(attempts.length).toBe(1);
});

const unreachable = { code: "CLUSTER_UNREACHABLE", message: "The cluster does not answer." };

describe("an outage of a connected cluster", () => {
  let answer: () => void;

  beforeEach(async () => {
    attempts[0]?.succeed();
    await settle();
    check = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
  });

  test("is noticed within ten seconds, and ends what waits for an answer", async () => {
    const plan = expect(connection.ask(() => new Promise(() => {}))).rejects.toMatchObject(unreachable);
    await clock.pass(10_000);
    await plan;
    expect(connection.answering).toBe(false);
    expect(connection.failure).toMatchObject(unreachable);
    expect(() => connection.get()).toThrow(expect.objectContaining(unreachable));
    let begun = false;
    const work = async () => {
      begun = true;
    };
    await expect(connection.use(work)).rejects.toMatchObject(unreachable);
    expect(begun).toBe(false);
  });

  test("is over as soon as the cluster answers, on the same connection", async () => {
    await clock.pass(60_000);
    expect([connection.answering, recovered]).toEqual([false, 0]);
    answer();
    await settle();
    expect([connection.answering, recovered, attempts.length]).toEqual([true, 1, 1]);
    expect(connection.get().fsid).toBe("fsid-1");
  });

  test("is noticed at once by an operation that timed out", async () => {
    check = () => Promise.reject(timedOut());
    await expect(connection.use(() => Promise.reject(timedOut()))).rejects.toMatchObject({
      code: "TIMED_OUT",
    });
    await settle();
    expect(connection.answering).toBe(false);
  });

  test("is not assumed when the cluster refuses the check", async () => {
    check = () => Promise.reject(new CoppiceError({ code: "PERMISSION_DENIED", message: "no" }));
    await clock.pass(30_000);
    expect(connection.answering).toBe(true);
  });
});

describe("the check of a cluster", () => {
  const pools = ["broken", "rbd"].map((name, id) => ({ name, id }));

  test("reads from the OSDs: without them it has no answer, although the monitors answer", async () => {
    const outcome = createCheck()({
      listPools: async () => pools,
      listNamespaces: () => new Promise(() => {}),
    });
    expect(await Promise.race([outcome, settle().then(() => "no answer")])).toBe("no answer");
  });

  test("counts the first pool that answers, and does not repeat a read that has no answer", async () => {
    const reads: string[] = [];
    const check = createCheck();
    const cluster = {
      listPools: async () => pools,
      listNamespaces: (name: string) => {
        reads.push(name);
        return name === "broken" ? new Promise<never>(() => {}) : Promise.resolve([]);
      },
    };
    for (let turn = 0; turn < 3; turn++) await check(cluster);
    expect(reads).toEqual(["broken", "rbd", "rbd", "rbd"]);
  });
});
