import { type ObjectStore, readSteps, writeSteps } from "rbd-native";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestPool, type TestPool } from "./support/test-pool.ts";

let t: TestPool;
let objects: ObjectStore;
beforeAll(async () => {
  t = await openTestPool("objects");
  objects = t.io.objects;
});
afterAll(async () => {
  await t[Symbol.asyncDispose]();
});

test("a sparse read returns the written bytes and their offsets", async () => {
  const MiB = 2 ** 20;
  const [one, two] = [Buffer.alloc(4096, "1"), Buffer.alloc(8192, "2")];
  await objects.write("holes", [writeSteps.write(0, one), writeSteps.write(MiB, two)]);
  const { data, extents } = await objects.sparseRead("holes", 0, 4 * MiB);
  expect(extents).toEqual([
    { offset: 0, length: 4096 },
    { offset: MiB, length: 8192 },
  ]);
  expect(data.equals(Buffer.concat([one, two]))).toBe(true);
  const part = await objects.sparseRead("holes", MiB - 10, 20);
  expect(part.data.toString()).toBe("2".repeat(10));
  expect(part.extents).toEqual([{ offset: MiB, length: 10 }]);
  expect(await objects.sparseRead("holes", 2 * MiB, 10)).toEqual({ data: Buffer.alloc(0), extents: [] });
  await expect(objects.sparseRead("none", 0, 1)).rejects.toMatchObject({ code: "NOT_FOUND" });
  await expect(objects.sparseRead("holes", -1, 1)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  await expect(objects.sparseRead("holes", 0, 2 ** 31)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  const reason = new Error("not wanted");
  const signal = AbortSignal.abort(reason);
  await expect(objects.sparseRead("holes", 0, 1, { signal })).rejects.toBe(reason);
});

test("a compound write is atomic, and so is a compound read", async () => {
  const steps = [
    writeSteps.create({ exclusive: true }),
    writeSteps.writeFull("hello"),
    writeSteps.append(" world"),
    writeSteps.setXattr("kind", "greeting"),
    writeSteps.setOmap(new Map([["a", "1"]])),
  ];
  await objects.write("greeting", steps);
  await expect(objects.write("greeting", steps)).rejects.toMatchObject({ code: "EXISTS" });
  const [stat, data, xattrs, omap, absent] = await objects.read("greeting", [
    readSteps.stat(),
    readSteps.read(6, 100),
    readSteps.xattrs(),
    readSteps.omap(),
    readSteps.omapValues(["b"]),
  ]);
  expect(stat.size).toBe(11);
  expect(Math.abs(stat.modified.getTime() - Date.now())).toBeLessThan(60_000);
  expect(data.toString()).toBe("world");
  expect(xattrs.get("kind")?.toString()).toBe("greeting");
  expect([...omap.entries].map(([key, value]) => [key, value.toString()])).toEqual([["a", "1"]]);
  expect(omap.more).toBe(false);
  expect(absent.size).toBe(0);
  const guarded = [writeSteps.compareXattr("kind", "equal", "insult"), writeSteps.remove()];
  await expect(objects.write("greeting", guarded)).rejects.toMatchObject({ code: "CANCELED" });
  expect((await objects.stat("greeting")).size).toBe(11);
  await objects.write("greeting", [writeSteps.truncate(5), writeSteps.zero(1, 2)]);
  expect((await objects.readData("greeting", 0, 100)).toString("latin1")).toBe("h\0\0lo");
  await objects.remove("greeting");
  await expect(objects.stat("greeting")).rejects.toMatchObject({
    code: "NOT_FOUND",
    object: `${t.pool}/greeting`,
  });
});

test("every write increments an object's version, which reads return and steps can assert", async () => {
  const first = await objects.writeForVersion("versioned", [writeSteps.writeFull("one")]);
  const [data, version] = await objects.read("versioned", [readSteps.read(0, 10), readSteps.version()]);
  expect(data.toString()).toBe("one");
  expect(version).toBe(first);
  const guarded = [writeSteps.assertVersion(first), writeSteps.writeFull("two")];
  const second = await objects.writeForVersion("versioned", guarded);
  expect(second).toBeGreaterThan(first);
  expect(await objects.read("versioned", [readSteps.version()])).toEqual([second]);
  await expect(objects.writeForVersion("versioned", guarded)).rejects.toMatchObject({ name: "RbdError" });
  expect((await objects.readData("versioned", 0, 10)).toString()).toBe("two");
  await expect(objects.read("none", [readSteps.version()])).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("a map of more than one page, binary values, keys in UTF-8", async () => {
  const wanted = new Map<string, Buffer>();
  for (let i = 0; i < 3000; i++)
    wanted.set(`key-${String(i).padStart(5, "0")}`, Buffer.from([0, i & 255, 255, 0]));
  wanted.set("schlüssel", Buffer.alloc(0));
  await objects.setOmap("map", wanted);
  const read = await objects.readAllOmap("map");
  expect(read.size).toBe(wanted.size);
  for (const [key, value] of wanted) expect(read.get(key)?.equals(value)).toBe(true);
  const page = await objects.readOmap("map", { startAfter: "key-00009", prefix: "key-0001", limit: 5 });
  expect([...page.entries.keys()]).toEqual(["key-00010", "key-00011", "key-00012", "key-00013", "key-00014"]);
  expect(page.more).toBe(true);
  await objects.removeOmapKeys("map", ["schlüssel"]);
  expect((await objects.readOmapValues("map", ["schlüssel", "key-00001"])).size).toBe(1);
  await objects.write("map", [writeSteps.clearOmap()]);
  expect((await objects.readAllOmap("map")).size).toBe(0);
});

test("a method of an object class", async () => {
  await t.io.createImage("disk", { size: 2 ** 20, order: 20 });
  await using image = await t.io.openImage("disk");
  const head = Buffer.from("feffffffffffffff", "hex");
  const size = await objects.exec(`rbd_header.${image.id}`, "rbd", "get_size", head);
  expect(size.readUInt8(0)).toBe(20);
  expect(size.readBigUInt64LE(1)).toBe(2n ** 20n);
  await expect(objects.exec("rbd_directory", "rbd", "no_such_method")).rejects.toMatchObject({
    code: "UNSUPPORTED",
  });
});

test("objects of a namespace are not visible in another one", async () => {
  await using other = await t.cluster.openPool(t.pool, { namespace: "elsewhere" });
  await other.objects.writeFull("own", "data");
  await expect(objects.stat("own")).rejects.toMatchObject({ code: "NOT_FOUND" });
  expect((await other.objects.readData("own", 0, 10)).toString()).toBe("data");
});

test("2,000 reads in flight at once", async () => {
  await objects.setOmap("busy", new Map([["key", "value"]]));
  const reads = await Promise.all(Array.from({ length: 2000 }, () => objects.readAllOmap("busy")));
  expect(reads.every((entries) => entries.get("key")?.toString() === "value")).toBe(true);
});

test("the objects of a namespace are listed, page by page", async () => {
  await using io = await t.cluster.openPool(t.pool, { namespace: "listed" });
  const names = Array.from({ length: 2500 }, (_, i) => `object-${i}`);
  for (let at = 0; at < names.length; at += 500) {
    await Promise.all(names.slice(at, at + 500).map((name) => io.objects.writeFull(name, "x")));
  }
  const found: string[] = [];
  let pages = 0;
  for await (const page of io.objects.list()) {
    pages++;
    found.push(...page);
  }
  expect(pages).toBeGreaterThan(1);
  expect(found.sort()).toEqual(names.sort());
});

test("an advisory lock on an object", async () => {
  await objects.writeFull("locked", "");
  const lock = objects.lock("locked", "job");
  await lock.exclusive({ cookie: "me", description: "test" });
  await expect(lock.exclusive({ cookie: "me" })).rejects.toMatchObject({ code: "EXISTS" });
  await lock.exclusive({ cookie: "me", renew: true });
  await expect(lock.shared("tag", { cookie: "other" })).rejects.toMatchObject({ code: "BUSY" });
  const info = await lock.info();
  expect(info).toMatchObject({ exclusive: true, lockers: [{ cookie: "me" }] });
  await lock.break(info.lockers[0]?.client ?? "", "me");
  await lock.shared("tag", { cookie: "one", seconds: 600 });
  await lock.shared("tag", { cookie: "two" });
  expect((await lock.info()).lockers).toHaveLength(2);
  await lock.unlock("one");
  await lock.unlock("two");
  await expect(lock.unlock("two")).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("watchers are notified and reply", async () => {
  await objects.writeFull("bell", "");
  const heard: string[] = [];
  const watch = await objects.watch("bell", {
    onNotify({ data }) {
      heard.push(data.toString());
      return Buffer.from("heard");
    },
  });
  await using deaf = await objects.watch("bell", {
    onNotify() {
      throw new Error("not listening");
    },
  });
  const { replies, missing } = await objects.notify("bell", "ring");
  expect(heard).toEqual(["ring"]);
  expect(replies.map((reply) => reply.data.toString()).sort()).toEqual(["", "heard"]);
  expect(missing).toEqual([]);
  await watch.close();
  await watch.close();
  await deaf.close();
  expect(await objects.notify("bell", "nobody")).toEqual({ replies: [], missing: [] });
});

test("a pool with watches on its objects can be closed", async () => {
  await using io = await t.cluster.openPool(t.pool);
  const watch = await io.objects.watch("bell", { onNotify: () => undefined });
  await io.close();
  await watch.close();
});
