import { describe, expect, it } from "vitest";
import {
  checkImport,
  compareDigests,
  type ImportTemplateOptions,
} from "../../../src/template/import-template.ts";
import { digestNames } from "../../../src/transfer/index.ts";

const least: ImportTemplateOptions = { source: { file: "/x" }, target: "rbd/x" };

describe("checkImport", () => {
  it("fills in what Glance and `rbd import` use", () => {
    expect(checkImport(least)).toEqual({
      chunkSize: 8 * 1024 ** 2,
      sparseSize: 4096,
      snapshotName: "snap",
      expected: {},
    });
  });

  it("takes digests in capitals", () => {
    const md5 = "D41D8CD98F00B204E9800998ECF8427E";
    expect(checkImport({ ...least, expected: { md5 } }).expected).toEqual({ md5: md5.toLowerCase() });
  });

  it.each<[string, Partial<ImportTemplateOptions>]>([
    ["a size of nothing", { size: 0 }],
    ["half a byte", { size: 0.5 }],
    ["a chunk that is no multiple of the grain", { chunkSize: 6000 }],
    ["a chunk of 128 MiB", { chunkSize: 128 * 1024 ** 2 }],
    ["a grain of 100 bytes", { sparseSize: 100 }],
    ["a grain of 2 MiB", { sparseSize: 2 * 1024 ** 2 }],
    ["a digest of another length", { expected: { sha256: "abc" } }],
    ["a SHA-512 that is a SHA-256", { expected: { sha512: "a".repeat(64) } }],
    ["a digest that is not hex", { expected: { md5: "z".repeat(32) } }],
  ])("refuses %s", (_, wrong) => {
    expect(() => checkImport({ ...least, ...wrong })).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }),
    );
  });

  it("refuses a snapshot's name that cannot be", () => {
    expect(() => checkImport({ ...least, snapshotName: "a@b" })).toThrow(
      expect.objectContaining({ code: "INVALID_NAME" }),
    );
  });
});

describe("compareDigests", () => {
  const actual = { md5: "1".repeat(32), sha256: "2".repeat(64), sha512: "4".repeat(128) };

  it.each(digestNames)("says that the %s differs, and what it is", (name) => {
    const wrong = { [name]: "3".repeat(actual[name].length) };
    expect(() => compareDigests("x.raw", wrong, actual)).toThrow(
      expect.objectContaining({
        code: "IO",
        object: "x.raw",
        message: expect.stringContaining(actual[name]),
      }),
    );
  });

  it("is content with what was not given", () => {
    expect(() => compareDigests("x.raw", {}, actual)).not.toThrow();
    expect(() => compareDigests("x.raw", actual, actual)).not.toThrow();
  });
});
