import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdtemp, open, readdir, rm, writeFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ImportTemplateOptions, importTemplate } from "../../../src/template/import-template.ts";
import { breakEveryCall } from "../../support/break-every-call.ts";
import { expectAlike } from "../../support/expect-alike.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";

const own = useOwnPool("import", ["quiet"]);
const { pool } = own;

const run = promisify(execFile);
const mebibyte = 1024 ** 2;
/** Stays empty: nothing may be left in it. */
const quiet = own.other("quiet");
let folder: string;
let count = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "coppice-import-test-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

const fresh = (place = pool) => `${place}/template-${count++}`;
const md5 = (bytes: Uint8Array) => createHash("md5").update(bytes).digest("hex");
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const sha512 = (bytes: Uint8Array) => createHash("sha512").update(bytes).digest("hex");

/** Data at both ends and a little in the middle; the rest are holes. Its length is no multiple of anything. */
function sparseDisk(): Buffer {
  const disk = Buffer.alloc(25 * mebibyte + 777);
  randomBytes(100_000).copy(disk, 0);
  randomBytes(5000).copy(disk, 13 * mebibyte + 4096);
  randomBytes(777).copy(disk, 25 * mebibyte);
  return disk;
}

/** The bytes in pieces of an odd size. */
async function* inPieces(bytes: Buffer, size = 70_001): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function file(name: string, bytes: Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return path;
}

/** Imports with Glance's own sequence, as plain commands. */
async function glance(bytes: Buffer): Promise<string> {
  const spec = fresh();
  const path = await file("theirs.raw", bytes);
  await own.witness.rbd("import", "--no-progress", path, spec);
  await own.protectedSnapshot(`${spec}@snap`);
  return spec;
}

async function used(spec: string): Promise<number> {
  const { images } = (await own.witness.json("du", "--exact", spec)) as { images: { used_size: number }[] };
  return images.reduce((sum, image) => sum + image.used_size, 0);
}

describe("importTemplate ends where Glance's own sequence of commands ends", () => {
  const disk = sparseDisk();

  it.each<[string, () => Promise<Partial<ImportTemplateOptions> & Pick<ImportTemplateOptions, "source">>]>([
    ["a stream of unknown length", async () => ({ source: inPieces(disk) })],
    [
      "a Readable of known length",
      async () => ({ source: Readable.from(inPieces(disk)), size: disk.length }),
    ],
    ["a file", async () => ({ source: { file: await file("ours.raw", disk) } })],
    ["small chunks", async () => ({ source: inPieces(disk), chunkSize: 65_536 })],
  ])("from %s", async (_, options) => {
    const { cluster, witness } = own;
    const target = fresh();
    const seen: number[] = [];
    const result = await importTemplate(cluster, {
      target,
      ...(await options()),
      onProgress: ({ phase, done }) => {
        if (phase === "write") seen.push(done);
      },
    });
    expect(result).toMatchObject({
      size: disk.length,
      format: "raw",
      url: `rbd://${cluster.fsid}/${target}/snap`,
      digests: { md5: md5(disk), sha256: sha256(disk), sha512: sha512(disk) },
    });
    expect(result.written).toBeLessThan(130_000);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(seen.at(-1)).toBe(disk.length);
    const theirs = await glance(disk);
    await expectAlike(witness, target, theirs);
    expect(await used(target)).toBe(await used(theirs));
  });
});

describe("importTemplate from an address", () => {
  async function serving<T>(listener: RequestListener, use: (url: string) => Promise<T>): Promise<T> {
    const server = createServer(listener).listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
      return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/disk.raw`);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }

  const disk = randomBytes(3 * mebibyte + 5);

  it("with its length told", async () => {
    const target = fresh();
    const totals = new Set<number>();
    await serving(
      (_, response) => response.setHeader("content-length", disk.length).end(disk),
      (url) =>
        importTemplate(own.cluster, {
          target,
          source: { url },
          expected: { sha256: sha256(disk), sha512: sha512(disk) },
          onProgress: ({ phase, total }) => void (phase === "write" && totals.add(total)),
        }),
    );
    expect(totals).toEqual(new Set([0, disk.length]));
    expect(await own.witness.md5(`${target}@snap`)).toBe(md5(disk));
  });

  it("without its length told", async () => {
    const target = fresh();
    await serving(
      (_, response) => void Readable.from(inPieces(disk)).pipe(response),
      (url) => importTemplate(own.cluster, { target, source: { url: new URL(url) } }),
    );
    expect(await own.witness.md5(target)).toBe(md5(disk));
  });

  it.each([
    [404, "NOT_FOUND"],
    [403, "PERMISSION_DENIED"],
    [500, "IO"],
  ])("refuses an answer of %i", async (status, code) => {
    const before = await own.look(quiet);
    const importing = serving(
      (_, response) => response.writeHead(status).end("sorry"),
      (url) => importTemplate(own.cluster, { target: fresh(quiet), source: { url } }),
    );
    await expect(importing).rejects.toMatchObject({ code, message: expect.stringContaining(`${status}`) });
    expect(await own.look(quiet)).toEqual(before);
  });

  it("leaves nothing when the connection breaks off", async () => {
    const before = await own.look(quiet);
    const importing = serving(
      (_, response) => {
        response.writeHead(200, { "content-length": disk.length });
        response.write(disk.subarray(0, 2 * mebibyte), () => response.destroy());
      },
      (url) => importTemplate(own.cluster, { target: fresh(quiet), source: { url } }),
    );
    await expect(importing).rejects.toMatchObject({ code: "IO" });
    expect(await own.look(quiet)).toEqual(before);
  });

  it("refuses what nobody listens at", async () => {
    let gone = "";
    await serving(
      () => {},
      async (url) => {
        gone = url;
      },
    );
    await expect(
      importTemplate(own.cluster, { target: fresh(), source: { url: gone } }),
    ).rejects.toMatchObject({
      code: "IO",
      message: expect.stringContaining("ECONNREFUSED"),
    });
  });
});

describe("importTemplate refuses", () => {
  const disk = Buffer.alloc(mebibyte, 7);
  const qcow2 = Buffer.concat([Buffer.from("QFI\xfb", "latin1"), Buffer.alloc(1000)]);
  const broken = async function* () {
    yield disk;
    throw new Error("broke");
  };
  const reading = new Readable({ read() {}, encoding: "utf8" });
  reading.push("text");
  reading.push(null);

  it.each<[string, string, () => Partial<ImportTemplateOptions> & Pick<ImportTemplateOptions, "source">]>([
    ["a stream that breaks off", "IO", () => ({ source: broken() })],
    ["a stream shorter than it was said to be", "IO", () => ({ source: inPieces(disk), size: mebibyte + 1 })],
    [
      "a stream longer than it was said to be",
      "INVALID_ARGUMENT",
      () => ({ source: inPieces(disk), size: 5000 }),
    ],
    ["a stream of nothing", "INVALID_ARGUMENT", () => ({ source: Readable.from([]) })],
    ["a stream of text", "INVALID_ARGUMENT", () => ({ source: reading })],
    ["another digest", "IO", () => ({ source: inPieces(disk), expected: { md5: "0".repeat(32) } })],
    ["a file that is not there", "NOT_FOUND", () => ({ source: { file: join(folder, "nothing") } })],
    ["a folder", "INVALID_ARGUMENT", () => ({ source: { file: folder } })],
    ["another protocol", "INVALID_ARGUMENT", () => ({ source: { url: "ftp://127.0.0.1/x" } })],
    ["no address", "INVALID_ARGUMENT", () => ({ source: { url: "nonsense" } })],
    ["no source", "INVALID_ARGUMENT", () => ({ source: {} as never })],
    ["vmdk", "UNSUPPORTED", () => ({ source: Readable.from([Buffer.from("KDMV....")]) })],
    ["raw said to be qcow2", "INVALID_ARGUMENT", () => ({ source: inPieces(disk), format: "qcow2" })],
    [
      "qcow2 without qemu-img",
      "UNSUPPORTED",
      () => ({ source: inPieces(qcow2), qemuImg: "/nonexistent/qemu-img" }),
    ],
    ["no such pool", "NOT_FOUND", () => ({ source: inPieces(disk), target: "nowhere/template" })],
    [
      "a target with a snapshot",
      "INVALID_NAME",
      () => ({ source: inPieces(disk), target: `${pool}/x@snap` }),
    ],
    ["an impossible object size", "INVALID_ARGUMENT", () => ({ source: inPieces(disk), objectSize: 3000 })],
  ])("%s, and leaves nothing", async (_, code, options) => {
    const before = await own.look(quiet);
    const scratch = await mkdtemp(join(folder, "scratch-"));
    const importing = importTemplate(own.cluster, {
      target: fresh(quiet),
      scratchFolder: scratch,
      ...options(),
    });
    await expect(importing).rejects.toMatchObject({ code });
    expect(await own.look(quiet)).toEqual(before);
    expect(await readdir(scratch)).toEqual([]);
  });

  it("a target that is there, and does not touch the stream", async () => {
    const target = fresh();
    await own.witness.rbd("create", "--size", "1M", target);
    const source = Readable.from(inPieces(disk));
    await expect(importTemplate(own.cluster, { target, source })).rejects.toMatchObject({ code: "EXISTS" });
    expect(source.destroyed).toBe(false);
    expect(source.readableDidRead).toBe(false);
  });

  it("to go on after an abort, even when the stream is silent", async () => {
    const before = await own.look(quiet);
    const abort = new AbortController();
    const source = new Readable({ read() {} });
    source.push(disk);
    const importing = importTemplate(own.cluster, {
      target: fresh(quiet),
      source,
      chunkSize: 65_536,
      signal: abort.signal,
      onProgress: ({ phase, done }) => {
        if (phase === "write" && done > 0) setImmediate(() => abort.abort(new Error("enough")));
      },
    });
    await expect(importing).rejects.toThrow("enough");
    expect(source.destroyed).toBe(true);
    expect(await own.look(quiet)).toEqual(before);
  });
});

describe("importTemplate of qcow2", async () => {
  const installed = await run("qemu-img", ["--version"]).then(
    () => true,
    () => false,
  );

  it.runIf(installed)("converts it, from a stream", async () => {
    const raw = sparseDisk();
    const padded = Buffer.concat([raw, Buffer.alloc(512 - (raw.length % 512))]);
    const path = join(folder, "disk.qcow2");
    await run("qemu-img", [
      "convert",
      "-c",
      "-f",
      "raw",
      "-O",
      "qcow2",
      await file("disk.raw", padded),
      path,
    ]);
    const target = fresh();
    const scratch = await mkdtemp(join(folder, "scratch-"));
    await using handle = await open(path);
    const source = handle.createReadStream({ autoClose: false });
    const result = await importTemplate(own.cluster, { target, source, scratchFolder: scratch });
    expect(result).toMatchObject({
      format: "qcow2",
      size: padded.length,
      digests: { sha256: sha256(padded) },
    });
    expect(result.sourceDigests).not.toEqual(result.digests);
    expect(await own.witness.md5(`${target}@snap`)).toBe(md5(padded));
    expect(await readdir(scratch)).toEqual([]);
  });

  it.runIf(installed)("refuses one that reads another file of this machine", async () => {
    const base = await file("secret.raw", Buffer.alloc(mebibyte, 1));
    const path = join(folder, "overlay.qcow2");
    await run("qemu-img", ["create", "-f", "qcow2", "-b", base, "-F", "raw", path]);
    const importing = importTemplate(own.cluster, { target: fresh(), source: { file: path } });
    await expect(importing).rejects.toMatchObject({
      code: "UNSUPPORTED",
      message: expect.stringContaining("needs another file"),
    });
  });

  /** A program that takes the place of `qemu-img`: it gives the same disk, whatever it is to convert. */
  async function standIn(disk: Buffer): Promise<string> {
    const program = join(folder, "stand-in-qemu-img");
    const path = await file("converted.raw", disk);
    const lines = ["#!/bin/sh", "for last; do :; done", `if [ "$1" = info ]; then echo '{}'; exit; fi`];
    await writeFile(program, [...lines, "echo '(50.00/100%)'", `cp '${path}' "$last"`, ""].join("\n"));
    await chmod(program, 0o755);
    return program;
  }
  const qcow2 = Buffer.concat([Buffer.from("QFI\xfb", "latin1"), randomBytes(3 * mebibyte)]);

  it("receives it, has it converted, and imports what came out", async () => {
    const disk = sparseDisk();
    const target = fresh();
    const scratch = await mkdtemp(join(folder, "scratch-"));
    const phases = new Set<string>();
    const result = await importTemplate(own.cluster, {
      target,
      source: inPieces(qcow2),
      size: qcow2.length,
      expected: { sha256: sha256(qcow2) },
      qemuImg: await standIn(disk),
      scratchFolder: scratch,
      onProgress: ({ phase, done, total }) => void phases.add(`${phase} ${done === total}`),
    });
    expect(result).toMatchObject({
      format: "qcow2",
      size: disk.length,
      digests: { md5: md5(disk), sha256: sha256(disk), sha512: sha512(disk) },
      sourceDigests: { md5: md5(qcow2), sha256: sha256(qcow2), sha512: sha512(qcow2) },
    });
    for (const phase of ["receive", "convert", "create", "write"]) expect(phases).toContain(`${phase} true`);
    expect(await own.witness.md5(`${target}@snap`)).toBe(md5(disk));
    expect(await readdir(scratch)).toEqual([]);
  });

  it.each<[string, string, Partial<ImportTemplateOptions>]>([
    ["shorter than its size", "IO", { size: qcow2.length + 1 }],
    ["longer than its size", "INVALID_ARGUMENT", { size: qcow2.length - 1 }],
    ["another one than expected", "IO", { expected: { md5: "0".repeat(32) } }],
  ])("refuses one that is %s, and leaves nothing", async (_, code, options) => {
    const before = await own.look(quiet);
    const scratch = await mkdtemp(join(folder, "scratch-"));
    const importing = importTemplate(own.cluster, {
      target: fresh(quiet),
      source: inPieces(qcow2),
      qemuImg: await standIn(sparseDisk()),
      scratchFolder: scratch,
      ...options,
    });
    await expect(importing).rejects.toMatchObject({ code });
    expect(await own.look(quiet)).toEqual(before);
    expect(await readdir(scratch)).toEqual([]);
  });

  it("takes it as it is when the format raw is given", async () => {
    const bytes = Buffer.concat([Buffer.from("QFI\xfb", "latin1"), randomBytes(1000)]);
    const target = fresh();
    const result = await importTemplate(own.cluster, {
      target,
      source: Readable.from([bytes]),
      format: "raw",
    });
    expect(result).toMatchObject({ format: "raw", size: bytes.length });
    expect(await own.witness.md5(target)).toBe(md5(bytes));
  });
});

describe("importTemplate takes back everything when any call fails", { timeout: 300_000 }, () => {
  it.each([false, true])("with a stream of unknown length (late: %s)", async (late) => {
    const place = `${pool}-broken-${late}`;
    await own.cluster.createPool(place);
    const target = `${place}/template`;
    const disk = Buffer.alloc(300_000, 5);
    const calls = await breakEveryCall({
      own,
      pools: [place],
      flow: (cluster) => importTemplate(cluster, { target, source: inPieces(disk), chunkSize: 65_536 }),
      reset: async () => {
        await own.witness.rbd("snap", "unprotect", `${target}@snap`);
        await own.witness.rbd("snap", "rm", "--no-progress", `${target}@snap`);
        await own.witness.rbd("rm", "--no-progress", target);
      },
      late,
    });
    expect([...calls]).toEqual(
      expect.arrayContaining([
        "createImage",
        "write",
        "resize",
        "flush",
        "createSnapshot",
        "protectSnapshot",
      ]),
    );
  });
});
