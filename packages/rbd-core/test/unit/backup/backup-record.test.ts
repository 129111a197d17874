import fc from "fast-check";
import { describe, expect, it } from "vitest";
import packageJson from "../../../package.json" with { type: "json" };
import { engine } from "../../../src/backup/backup-image.ts";
import { decodeBackupRecord, encodeBackupRecord } from "../../../src/backup/index.ts";
import { record } from "./records.ts";

describe("the record of a backup", () => {
  it("is read as it was written", () => {
    const written = record({ labels: { plan: "nightly" }, protected: true });
    expect(decodeBackupRecord("here", encodeBackupRecord(written))).toEqual(written);
  });

  it("names this version of the package", () => {
    expect(engine).toEqual({ name: "coppice", version: packageJson.version });
  });

  it("of another version, with other fields, or too long is not read", () => {
    const text = encodeBackupRecord(record()).toString();
    const wrong = [
      text.replace('"version":1', '"version":2'),
      text.replace("{", '{"more":1,'),
      text.replace('"state":"complete"', '"state":"new"'),
      `${text}${" ".repeat(64 * 1024)}`,
      "",
      "null",
    ];
    for (const each of wrong) {
      expect(() => decodeBackupRecord("here", Buffer.from(each)), each.slice(0, 50)).toThrow(
        /cannot be read/,
      );
    }
  });

  it("from any bytes is a record or an error that says where they stand", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => decodeBackupRecord("here", bytes)).toThrow(
          expect.objectContaining({ code: "UNSUPPORTED", object: "here" }),
        );
      }),
    );
  });

  it("that is too large or wrong is not written", () => {
    const labels = Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`label-${i}`, ""]));
    expect(() => encodeBackupRecord(record({ labels }))).toThrow(
      expect.objectContaining({ code: "OUT_OF_RANGE" }),
    );
    const volumeMetadata = "\u0001".repeat(32 * 1024);
    expect(() => encodeBackupRecord(record({ volumeMetadata }))).toThrow(
      expect.objectContaining({ code: "OUT_OF_RANGE" }),
    );
    expect(() => encodeBackupRecord(record({ size: -1 }))).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringContaining("size") }),
    );
  });
});
