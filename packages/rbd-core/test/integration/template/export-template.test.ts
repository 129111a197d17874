import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exportTemplate, exportTemplateFile } from "../../../src/template/export-template.ts";
import { importTemplate } from "../../../src/template/import-template.ts";
import { type OwnPool, ownPool } from "../../support/own-pool.ts";

let own: OwnPool;
let template: string;
let folder: string;
const disk = Buffer.alloc(30 * 1024 ** 2 + 321);
randomBytes(70_000).copy(disk, 5);
randomBytes(321).copy(disk, 30 * 1024 ** 2);
const md5 = (bytes: Uint8Array) => createHash("md5").update(bytes).digest("hex");

beforeAll(async () => {
  own = await ownPool("export");
  template = `${own.pool}/template`;
  folder = await mkdtemp(join(tmpdir(), "coppice-export-test-"));
  await importTemplate(own.cluster, { target: template, source: Readable.from([disk]) });
});

afterAll(async () => {
  await rm(folder, { recursive: true });
  await own[Symbol.asyncDispose]();
});

describe("exportTemplate", () => {
  it("delivers what `rbd export` delivers", async () => {
    const { size, stream } = await exportTemplate(own.cluster, { template });
    const digest = createHash("md5");
    let length = 0;
    for await (const piece of stream as AsyncIterable<Buffer>) {
      digest.update(piece);
      length += piece.length;
    }
    expect([size, length]).toEqual([disk.length, disk.length]);
    expect(digest.digest("hex")).toBe(await own.witness.md5(`${template}@snap`));
  });

  it("can be imported again, with the same digests", async () => {
    const { size, stream } = await exportTemplate(own.cluster, {
      template: `rbd://${own.cluster.fsid}/${template}/snap`,
    });
    const copy = await importTemplate(own.cluster, { target: `${template}-copy`, source: stream, size });
    expect(copy.digests.md5).toBe(md5(disk));
  });

  it.each([
    ["no such image", "nothing", "NOT_FOUND"],
    ["no such snapshot", "template@nothing", "NOT_FOUND"],
    ["a bad name", "a@b@c", "INVALID_NAME"],
  ])("refuses %s", async (_, name, code) => {
    const exporting = exportTemplate(own.cluster, { template: `${own.pool}/${name}` });
    await expect(exporting).rejects.toMatchObject({ code });
  });
});

describe("exportTemplateFile", () => {
  it("writes a file with holes", async () => {
    const file = join(folder, "disk.raw");
    await exportTemplateFile(own.cluster, { template, file });
    expect(md5(await readFile(file))).toBe(md5(disk));
    expect((await stat(file)).blocks * 512).toBeLessThan(disk.length / 2);
    expect(await readdir(folder)).toEqual(["disk.raw"]);
  });

  it("does not touch a file that is there", async () => {
    const file = join(folder, "there.raw");
    await writeFile(file, "mine");
    await expect(exportTemplateFile(own.cluster, { template, file })).rejects.toMatchObject({
      code: "EXISTS",
    });
    expect(await readFile(file, "utf8")).toBe("mine");
    expect((await readdir(folder)).filter((name) => name.endsWith(".partial"))).toEqual([]);
  });

  it("leaves nothing after an abort", async () => {
    const abort = new AbortController();
    const exporting = exportTemplateFile(own.cluster, {
      template,
      file: join(folder, "aborted.raw"),
      signal: abort.signal,
      onProgress: () => abort.abort(new Error("enough")),
    });
    await expect(exporting).rejects.toThrow("enough");
    expect((await readdir(folder)).filter((name) => name.startsWith("aborted"))).toEqual([]);
  });
});
