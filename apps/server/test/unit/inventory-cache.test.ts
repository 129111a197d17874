import { forest, type Inventory } from "rbd-core";
import { beforeEach, expect, test } from "vitest";
import { ServerError } from "../../src/base/errors.ts";
import type { ServerEvent } from "../../src/events/server-event.ts";
import { listPage, readImage } from "../../src/inventory/inventories.ts";
import { InventoryCache } from "../../src/inventory/inventory-cache.ts";
import { FakeClock, settle } from "../support/fake-clock.ts";
import { silentLog } from "../support/silent-log.ts";
import { imageRow, inventoryOf } from "../support/synthetic-inventory.ts";

let clock: FakeClock;
let scans: { answer(names: string[]): void; fail(error: unknown): void; signal: AbortSignal }[];
let events: ServerEvent[];
let watched: boolean;
let outage: unknown;
let cache: InventoryCache;

beforeEach(() => {
  clock = new FakeClock();
  scans = [];
  events = [];
  watched = false;
  outage = null;
  cache = new InventoryCache({
    cluster: "ceph",
    clock,
    intervalMs: 30_000,
    log: silentLog(),
    publish: (event) => events.push(event),
    watched: () => watched,
    outage: () => outage,
    scan: (signal) => {
      const { promise, resolve, reject } = Promise.withResolvers<Inventory>();
      const answer = (names: string[]) =>
        resolve(
          inventoryOf(
            names.map((name) => imageRow({ pool: "rbd", name })),
            new Date(clock.now()),
          ),
        );
      scans.push({ answer, fail: reject, signal });
      return promise.then((inventory) => ({ inventory, forest: forest(inventory) }));
    },
  });
});

const names = async () => (await cache.current()).rows.map(({ view }) => view.name);

async function firstScan(...found: string[]): Promise<void> {
  const scanned = cache.current();
  scans[0]?.answer(found);
  await scanned;
}

test("concurrent first requests share one scan", async () => {
  const asked = [names(), names(), names()];
  expect(scans.length).toBe(1);
  scans[0]?.answer(["a"]);
  expect(await Promise.all(asked)).toEqual([["a"], ["a"], ["a"]]);
});

test("an old catalog is returned at once and renewed in the background", async () => {
  await firstScan("a");
  await clock.pass(31_000);
  expect(await names()).toEqual(["a"]);
  expect(scans.length).toBe(2);
  expect(await names()).toEqual(["a"]);
  expect(scans.length).toBe(2);
  scans[1]?.answer(["a", "b"]);
  await settle();
  expect(await names()).toEqual(["a", "b"]);
});

test("while the cluster does not answer, a list says that its rows are not current", async () => {
  await firstScan("a");
  const input = { cluster: "ceph", kind: "all", limit: 10, sort: { by: "name", dir: "asc" } } as const;
  expect((await listPage(cache, input)).scanProblems).toEqual([]);
  outage = new ServerError("CLUSTER_UNREACHABLE", "The cluster does not answer.");
  const page = await listPage(cache, input);
  expect(page.rows.length).toBe(1);
  expect(page.scanProblems).toEqual([
    {
      place: null,
      error: { code: "CLUSTER_UNREACHABLE", message: "The cluster does not answer.", hint: null },
    },
  ]);
});

test("nothing is scanned while no dashboard is open; an open dashboard is kept up to date", async () => {
  await firstScan("a");
  await clock.pass(300_000);
  expect(scans.length).toBe(1);
  watched = true;
  await clock.pass(30_000);
  expect(scans.length).toBe(2);
});

test("a long scan is followed by a long pause", async () => {
  watched = true;
  const scanned = cache.current();
  await clock.pass(15_000);
  scans[0]?.answer(["a"]);
  await scanned;
  await clock.pass(59_000);
  expect(scans.length).toBe(1);
  await clock.pass(1000);
  expect(scans.length).toBe(2);
});

test("refresh waits for a scan that begins after it was called", async () => {
  await firstScan("a");
  cache.renew();
  const refreshed = [cache.refresh(), cache.refresh()];
  scans[1]?.answer(["a"]); // began before the change
  await settle();
  expect(scans.length).toBe(3);
  scans[2]?.answer(["a", "clone"]);
  for (const catalog of await Promise.all(refreshed)) expect(catalog.rows.length).toBe(2);
});

test("tabs get the keys that appeared, changed and disappeared, and no others", async () => {
  await firstScan("same", "goes");
  expect(events).toEqual([]);
  const refreshed = cache.refresh();
  scans[1]?.answer(["same", "comes"]);
  await refreshed;
  expect(events).toEqual([
    {
      type: "inventory",
      cluster: "ceph",
      scannedAt: expect.any(String),
      changed: ["ceph/rbd//id-comes", "ceph/rbd//id-goes"],
    },
  ]);
});

test("a scan without changes still reports its time", async () => {
  await firstScan("a");
  const refreshed = cache.refresh();
  scans[1]?.answer(["a"]);
  await refreshed;
  expect(events).toEqual([
    { type: "inventory", cluster: "ceph", scannedAt: expect.any(String), changed: [] },
  ]);
});

test("a change of thousands of images is a reset instead of a list", async () => {
  await firstScan("a");
  const refreshed = cache.refresh();
  scans[1]?.answer(Array.from({ length: 2000 }, (_, index) => `n${index}`));
  await refreshed;
  expect(events).toEqual([{ type: "reset", cluster: "ceph" }]);
});

test("when the cluster cannot be read, the old rows stay and the reason is reported", async () => {
  await firstScan("a");
  const refreshed = cache.refresh();
  scans[1]?.fail(new Error("gone"));
  await expect(refreshed).rejects.toThrow("gone");
  const page = await listPage(cache, {
    cluster: "ceph",
    kind: "all",
    limit: 10,
    sort: { by: "name", dir: "asc" },
  });
  expect(page.rows.length).toBe(1);
  expect(page.scanProblems).toEqual([{ place: null, error: expect.objectContaining({ code: "INTERNAL" }) }]);
  const again = cache.refresh();
  scans[2]?.answer(["a"]);
  await again;
  expect(cache.failure).toBeNull();
});

test("a first scan that fails is an error of the request, and the next request scans again", async () => {
  const asked = names();
  scans[0]?.fail(new Error("no cluster"));
  await expect(asked).rejects.toThrow("no cluster");
  const again = names();
  scans[1]?.answer(["a"]);
  expect(await again).toEqual(["a"]);
});

test("a request does not wait for ever for the first scan", async () => {
  const asked = names();
  const refused = expect(asked).rejects.toMatchObject({ code: "INVENTORY_NOT_READY" });
  await clock.pass(20_000);
  await refused;
});

test("the cluster is scanned again before an image is reported as unknown", async () => {
  await firstScan("a");
  await clock.pass(5000);
  const asked = readImage(cache, "rbd/new");
  await settle();
  scans[1]?.answer(["a", "new"]);
  expect((await asked).name).toBe("new");
  await expect(readImage(cache, "rbd/absent")).rejects.toMatchObject({
    code: "IMAGE_UNKNOWN",
    object: "rbd/absent",
  });
  expect(scans.length).toBe(2);
});

test("closing stops the running scan and starts no other", async () => {
  await firstScan("a");
  cache.renew();
  const closing = cache.close();
  expect(scans[1]?.signal.aborted).toBe(true);
  scans[1]?.fail(scans[1].signal.reason);
  await closing;
  watched = true;
  await clock.pass(120_000);
  expect(scans.length).toBe(2);
  expect(clock.pending).toBe(0);
});
