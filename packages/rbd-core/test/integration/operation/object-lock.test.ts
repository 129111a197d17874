import type { IoCtx } from "rbd-native";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { connect } from "../../../src/cluster/connect.ts";
import { lockObject, type ObjectLockOptions } from "../../../src/operation/object-lock.ts";
import { type OwnPool, ownPool } from "../../support/own-pool.ts";

let own: OwnPool;
let ioCtx: IoCtx;

const options: ObjectLockOptions = {
  name: "test",
  description: "a test",
  leaseSeconds: 30,
  patienceSeconds: 30,
  signal: undefined,
};

beforeAll(async () => {
  own = await ownPool("lock");
  ioCtx = await own.cluster.pool(own.pool);
  for (const object of ["one", "leased", "renewed"]) await ioCtx.objects.writeFull(object, "");
});

afterAll(async () => {
  await own?.cluster.deletePool(own.pool);
  await own?.[Symbol.asyncDispose]();
});

async function lockers(object: string): Promise<{ description: string }[]> {
  const info = await own.witness.rados("-p", own.pool, "lock", "info", object, "test");
  return (JSON.parse(info) as { lockers: { description: string }[] }).lockers;
}

describe("lockObject", () => {
  it("holds a lock that `rados` sees, until it is released", async () => {
    {
      await using lock = await lockObject(ioCtx, "one", options);
      expect(lock).not.toBeNull();
      expect(await lockers("one")).toMatchObject([{ description: "a test" }]);
    }
    expect(await lockers("one")).toEqual([]);
  });

  it("makes another connection wait, for as long as its patience lasts", async () => {
    await using other = await connect({ conf: inject("cephConf") });
    const theirs = await other.pool(own.pool);
    const lock = await lockObject(ioCtx, "one", options);
    expect(await lockObject(theirs, "one", { ...options, patienceSeconds: 0 })).toBeNull();
    const controller = new AbortController();
    const aborted = lockObject(theirs, "one", { ...options, signal: controller.signal });
    controller.abort(new Error("enough"));
    await expect(aborted).rejects.toThrow("enough");
    const waiting = lockObject(theirs, "one", options);
    await lock?.release();
    const second = await waiting;
    expect(second).not.toBeNull();
    await second?.release();
  });

  it("expires with its lease when its holder is gone, and is renewed while it lives", async () => {
    await using other = await connect({ conf: inject("cephConf") });
    const theirs = await other.pool(own.pool);
    const lost = await connect({ conf: inject("cephConf") });
    await lockObject(await lost.pool(own.pool), "leased", { ...options, leaseSeconds: 1 });
    await using renewed = await lockObject(ioCtx, "renewed", { ...options, leaseSeconds: 1 });
    expect(renewed).not.toBeNull();
    await lost.close();
    const after = await lockObject(theirs, "leased", options);
    expect(after).not.toBeNull();
    await after?.release();
    expect(await lockObject(theirs, "renewed", { ...options, patienceSeconds: 2 })).toBeNull();
  });

  it("refuses an object that does not exist, and creates none", async () => {
    await expect(lockObject(ioCtx, "none", options)).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(await own.witness.rados("-p", own.pool, "ls")).not.toContain("none");
  });
});
