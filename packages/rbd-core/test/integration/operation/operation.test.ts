import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { writeSteps } from "rbd-native";
import { afterEach, describe, expect, inject, test } from "vitest";
import { connect } from "../../../src/cluster/connect.ts";
import { longestName } from "../../../src/names/index.ts";
import {
  beginOperation,
  isIdMadeBy,
  listOperations,
  type OperationRequest,
  readOperations,
} from "../../../src/operation/index.ts";
import { encodeRecord, operationsObject } from "../../../src/operation/operation-record.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";

const own = useOwnPool("operation");
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

function request(name: string, more: Partial<OperationRequest> = {}): OperationRequest {
  const image = { pool: own.pool, namespace: "", image: name };
  return { image, purpose: "make", kind: "clone", details: { source: "rbd/base" }, ...more };
}

async function operations(image: string) {
  return readOperations(await own.cluster.pool(own.pool), { image });
}

/** A process that has begun an operation. */
async function beginElsewhere(name: string, more: Partial<OperationRequest> = {}): Promise<ChildProcess> {
  const script = join(import.meta.dirname, "children/begin-and-wait.ts");
  const argument = JSON.stringify({ conf: inject("cephConf"), request: request(name, more) });
  const child = spawn(process.execPath, [script, argument], { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  await once(child.stdout as NodeJS.ReadableStream, "data");
  return child;
}

/** Rewrites a record as if a process of another machine had written it, of which nothing can be known. */
async function pretendRemote(name: string): Promise<void> {
  const ioCtx = await own.cluster.pool(own.pool);
  const [found] = await operations(name);
  if (!found?.record) throw new Error("there is no record");
  const holder = { ...found.record.holder, bootId: "another machine" };
  const bytes = encodeRecord({ ...found.record, holder });
  await ioCtx.objects.write(operationsObject, [writeSteps.setOmap(new Map([[found.key, bytes]]))]);
}

describe("an operation's record", () => {
  test("stands there for an image with the longest name, whose lease cannot have that name", async () => {
    const name = "i".repeat(longestName.image);
    await using operation = await beginOperation(own.cluster, request(name));
    await expect(beginOperation(own.cluster, request(name))).rejects.toMatchObject({ code: "BUSY" });
    expect(await listOperations(own.cluster, { pools: [own.pool] })).toMatchObject([
      { image: { image: name }, state: "running" },
    ]);
    await operation.end();
  });

  test("stands in the pool from the beginning to the end, with a lease", async () => {
    const operation = await beginOperation(own.cluster, request("a"));
    const [listed] = await operations("a");
    expect(listed).toMatchObject({
      key: "a/make",
      record: { kind: "clone", details: { source: "rbd/base" } },
    });
    expect(listed?.leaseHolder?.cookie).toBe(operation.record.id);
    await operation.update({ source: "rbd/base", step: 2 });
    expect((await operations("a"))[0]?.record?.details).toEqual({ source: "rbd/base", step: 2 });
    await operation.end();
    expect(await operations("a")).toEqual([]);
    expect(await own.rbd("ls", own.pool)).toBe("");
  });

  test("is found under its image's name alone", async () => {
    await using _ = await beginOperation(own.cluster, request("b"));
    await using __ = await beginOperation(own.cluster, request("bb"));
    expect((await operations("b")).map(({ key }) => key)).toEqual(["b/make"]);
  });

  test("keeps a second one of the same purpose off, and says who has it", async () => {
    await using _ = await beginOperation(own.cluster, request("c"));
    await expect(beginOperation(own.cluster, request("c"))).rejects.toMatchObject({
      code: "BUSY",
      message: expect.stringContaining(`process ${process.pid} on `),
    });
    await using __ = await beginOperation(own.cluster, request("c", { purpose: "snapshot" }));
  });

  test("of which ten begin at once is one's own", async () => {
    const begun = await Promise.allSettled(
      Array.from({ length: 10 }, () => beginOperation(own.cluster, request("d"))),
    );
    const won = begun.filter(({ status }) => status === "fulfilled");
    expect(won).toHaveLength(1);
    for (const each of begun) if (each.status === "fulfilled") await each.value.end();
  });

  test("that cannot be read keeps everybody off, and stays", async () => {
    const ioCtx = await own.cluster.pool(own.pool);
    const newer = new Map([["e/make", Buffer.from(`{"version":2}`)]]);
    await ioCtx.objects.write(operationsObject, [writeSteps.setOmap(newer)]);
    await expect(beginOperation(own.cluster, request("e"))).rejects.toMatchObject({ code: "UNSUPPORTED" });
    await ioCtx.objects.write(operationsObject, [writeSteps.removeOmapKeys(["e/make"])]);
  });
});

describe("listOperations", () => {
  test("tells of every pool and namespace what runs, what was interrupted, and what cannot be read", async () => {
    await own.cluster.pool(own.pool).then((ioCtx) => ioCtx.createNamespace("ns"));
    const inNamespace = { pool: own.pool, namespace: "ns", image: "n" };
    await using running = await beginOperation(own.cluster, request("m"));
    const left = await beginOperation(own.cluster, request("n", { image: inNamespace, kind: "copy" }));
    await left[Symbol.asyncDispose]();
    const ioCtx = await own.cluster.pool(own.pool);
    await ioCtx.objects.write(operationsObject, [
      writeSteps.setOmap(new Map([["o/make", Buffer.from("?")]])),
    ]);
    const listed = await listOperations(own.cluster, { pools: [own.pool] });
    const ours = listed.filter(({ image }) => ["m", "n", "o"].includes(image.image));
    expect(ours.toSorted((a, b) => (a.image.image < b.image.image ? -1 : 1))).toMatchObject([
      { id: running.record.id, image: { image: "m" }, state: "running", holder: { pid: process.pid } },
      { image: inNamespace, kind: "copy", purpose: "make", state: "interrupted", error: null },
      { image: { image: "o" }, kind: null, state: "interrupted", error: { code: "UNSUPPORTED" } },
    ]);
    await ioCtx.objects.write(operationsObject, [writeSteps.removeOmapKeys(["o/make"])]);
    await running.end();
  });

  test("reads every pool when none is named", async () => {
    await using _ = await beginOperation(own.cluster, request("p"));
    const listed = await listOperations(own.cluster);
    expect(listed.map(({ image }) => image)).toContainEqual(request("p").image);
  });
});

describe("an interrupted operation", () => {
  test("that was given up is taken over with all it recorded", async () => {
    {
      await using first = await beginOperation(own.cluster, request("f"));
      await first.update({ step: 3 });
    }
    const [left] = await operations("f");
    expect(left).toMatchObject({ leaseHolder: null, record: { details: { step: 3 } } });
    await using second = await beginOperation(own.cluster, request("f", { details: { step: 0 } }));
    expect(second.interrupted).toEqual(left?.record);
    expect(second.record.details).toEqual({ step: 3 });
    await second.end();
    expect(await operations("f")).toEqual([]);
  });

  test("whose process was killed on this machine is taken over at once", async () => {
    const child = await beginElsewhere("g", { leaseSeconds: 600 });
    await expect(beginOperation(own.cluster, request("g"))).rejects.toMatchObject({ code: "BUSY" });
    child.kill("SIGKILL");
    await once(child, "exit");
    await using operation = await beginOperation(own.cluster, request("g"));
    expect(operation.interrupted?.holder.pid).toBe(child.pid);
    expect(operation.record.clients).toHaveLength(2);
    await operation.end();
  });

  test("whose client was fenced is taken over at once, though its process lives", async () => {
    await using other = await connect({ conf: inject("cephConf") });
    await using operation = await beginOperation(other, request("fenced"));
    const ioCtx = await own.cluster.pool(own.pool);
    const { lockers } = await ioCtx.objects.lock(operationsObject, "fenced/make").info();
    await expect(beginOperation(own.cluster, request("fenced"))).rejects.toMatchObject({ code: "BUSY" });
    await own.cluster.fence(lockers[0]?.address ?? "");
    await using taken = await beginOperation(own.cluster, request("fenced"));
    expect(taken.interrupted?.id).toBe(operation.record.id);
    await taken.end();
  });

  test("of another machine is taken over when its lease has run out", async () => {
    const child = await beginElsewhere("h", { leaseSeconds: 2 });
    child.kill("SIGKILL");
    await once(child, "exit");
    await pretendRemote("h");
    await using operation = await beginOperation(own.cluster, request("h"));
    expect(operation.interrupted?.holder.bootId).toBe("another machine");
    await operation.end();
  });

  test("of another machine that still gives signs of life is left alone", async () => {
    const cookie = "5d5a6e0e-7c43-4f2e-8df5-1d2a3b4c5d6e";
    const ioCtx = await own.cluster.pool(own.pool);
    {
      await using _ = await beginOperation(own.cluster, request("i"));
    }
    await pretendRemote("i");
    const lock = ioCtx.objects.lock(operationsObject, "i/make");
    await lock.exclusive({ cookie, seconds: 60 });
    const refused = expect(beginOperation(own.cluster, request("i"))).rejects.toMatchObject({ code: "BUSY" });
    const renewing = setInterval(() => void lock.exclusive({ cookie, seconds: 60, renew: true }), 100);
    await refused;
    clearInterval(renewing);
  });
});

describe("a lease", () => {
  test("that another process took is noticed: the signal aborts, and nothing is written any more", async () => {
    await using operation = await beginOperation(own.cluster, request("j", { leaseSeconds: 1 }));
    const lost = once(operation.signal, "abort");
    await pretendRemote("j");
    await lost;
    expect(operation.signal.reason).toMatchObject({ code: "LEASE_LOST" });
    await expect(operation.update({ step: 1 })).rejects.toMatchObject({ code: "LEASE_LOST" });
    await expect(operation.end()).rejects.toMatchObject({ code: "LEASE_LOST" });
    expect((await operations("j"))[0]?.record?.details).toEqual({ source: "rbd/base" });
  });

  test("lasts as long as its operation, whatever its length", async () => {
    await using operation = await beginOperation(own.cluster, request("k", { leaseSeconds: 1 }));
    const first = (await operations("k"))[0]?.leaseHolder?.expires;
    await expect
      .poll(async () => (await operations("k"))[0]?.leaseHolder?.expires?.getTime() ?? 0, { timeout: 10_000 })
      .toBeGreaterThan((first?.getTime() ?? 0) + 1500);
    expect(operation.signal.aborted).toBe(false);
    await operation.end();
  });

  test("that ran out although nobody took it is no reason to fail at the end", async () => {
    await using operation = await beginOperation(own.cluster, request("l"));
    const [listed] = await operations("l");
    const { client = "", cookie = "" } = listed?.leaseHolder ?? {};
    const ioCtx = await own.cluster.pool(own.pool);
    await ioCtx.objects.lock(operationsObject, "l/make").break(client, cookie);
    await operation.end();
    expect(await operations("l")).toEqual([]);
  });
});

test("an image's id tells which connection created it", async () => {
  const ioCtx = await own.cluster.pool(own.pool);
  await ioCtx.createImage("mine", { size: 1 });
  await own.rbd("create", "--size", "1M", `${own.pool}/other`);
  const client = (await own.cluster.clientId()).toString(16);
  const ids = new Map((await ioCtx.listImages()).map(({ name, id }) => [name, id]));
  expect(isIdMadeBy(ids.get("mine") ?? "", client)).toBe(true);
  expect(isIdMadeBy(ids.get("other") ?? "", client)).toBe(false);
});
