import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { BackupRecord } from "../../../src/backup/backup-record.ts";
import {
  chainFolder,
  chainNameOf,
  isPartialFile,
  sourceFolder,
  storedDiff,
} from "../../../src/backup/directory/layout.ts";
import { recordsWithin } from "../../../src/backup/directory/point-data.ts";
import { chainReadme, chainSums } from "../../../src/backup/directory/readme.ts";
import type { DiffRecord } from "../../../src/formats/index.ts";

const size = 64;

/** Applies records to a buffer that is full of ones. */
async function applied(records: AsyncIterable<DiffRecord>): Promise<Buffer> {
  const image = Buffer.alloc(size, 1);
  for await (const record of records) {
    if (record.type === "zero") image.fill(0, record.offset, record.offset + record.length);
    if (record.type === "data") image.set(record.data, record.offset);
  }
  return image;
}

/** Ascending pairs of offset and length without overlaps. */
const runs = fc
  .uniqueArray(fc.nat(size), { minLength: 0, maxLength: 12 })
  .map((bounds) => bounds.toSorted((a, b) => a - b))
  .map((bounds) =>
    bounds.flatMap((offset, i) => {
      const end = bounds[i + 1];
      return i % 2 === 0 && end !== undefined ? [{ offset, length: end - offset }] : [];
    }),
  );

describe("recordsWithin", () => {
  it("writes exactly the ranges, with what the diff holds there, zeroes included", async () => {
    await fc.assert(
      fc.asyncProperty(runs, runs, async (extents, ranges) => {
        const records = async function* (): AsyncGenerator<DiffRecord> {
          for (const { offset, length } of extents) {
            yield { type: "write", offset, length };
            const half = Math.ceil(length / 2);
            yield { type: "data", offset, data: Buffer.alloc(half, 7) };
            if (length > half)
              yield { type: "data", offset: offset + half, data: Buffer.alloc(length - half, 8) };
          }
        };
        const whole = Buffer.alloc(size);
        for await (const record of records())
          if (record.type === "data") whole.set(record.data, record.offset);
        const expected = Buffer.alloc(size, 1);
        for (const { offset, length } of ranges)
          expected.set(whole.subarray(offset, offset + length), offset);
        expect(await applied(recordsWithin(records(), ranges))).toEqual(expected);
      }),
    );
  });
});

describe("the names in a directory", () => {
  it("keep an image's name readable, and lead nowhere else", () => {
    expect(chainNameOf("vm-1", "a-1")).toBe("vm-1.a-1");
    expect(chainNameOf("../../etc/x", "a-1")).toBe("i.._.._etc_x.a-1");
    expect(chainNameOf(".hidden", "a-1")).toBe("i.hidden.a-1");
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 300, unit: "binary" }), (name) => {
        const chain = chainNameOf(name, "00000000-0000-0000-0000-000000000000");
        expect(chainFolder("/backups", chain)).toBe(`/backups/${chain}`);
        expect(chain.length).toBeLessThan(200);
      }),
      { numRuns: 30 },
    );
  });

  it.each(["..", ".", "", ".sources", "a/b", "/etc", "a\0b"])("refuses %j as a chain", (name) => {
    expect(() => chainFolder("/backups", name)).toThrow(expect.objectContaining({ code: "INVALID_NAME" }));
  });

  it("do not let an image's id lead out of the directory", () => {
    const source = { fsid: "6f0a3c1e-8f0b-4a34-9d7e-0d6e5f4c3b2a", poolId: 3, imageId: "../../x" };
    expect(sourceFolder("/backups", source)).toBe(`/backups/.sources/${source.fsid}.3.______x`);
  });

  it("tell the files of a writer from a user's", () => {
    for (const name of ["a-1.1.diff.0123abcd.partial", "README.md.0123abcd.partial"]) {
      expect(isPartialFile(name)).toBe(true);
    }
    for (const name of ["film.partial", "notes.0123abcd", "A.1.diff.0123abcd.partial"]) {
      expect(isPartialFile(name)).toBe(false);
    }
  });

  it("are refused in a record when they are another point's, or elsewhere", () => {
    const stored = (file: string) =>
      ({
        kind: "diff",
        file,
        sidecar: "a-1.1.sidecar.json",
        digests: "a-1.1.digests",
        bytes: 1,
        sha256: "",
      }) as const;
    const point = (file: string) => ({ id: "a-1", stored: stored(file) });
    expect(storedDiff(point("a-1.1.diff"))).toEqual(stored("a-1.1.diff"));
    for (const file of ["a-2.1.diff", "../a-1.1.diff", "/etc/passwd", "a-1.diff"]) {
      expect(() => storedDiff(point(file))).toThrow(expect.objectContaining({ code: "UNSUPPORTED" }));
    }
  });
});

describe("the texts of a chain", () => {
  const point = (id: string, file: string, sha256: string) =>
    ({
      id,
      pointAt: "2026-03-01T12:00:00.000Z",
      size: 8192,
      objectSize: 4096,
      source: { fsid: "f", imageId: "10", poolName: "rbd", namespace: "", imageName: "vm`rm -rf`\n# 1" },
      stored: {
        kind: "diff",
        file,
        sidecar: `${id}.1.sidecar.json`,
        digests: `${id}.1.digests`,
        bytes: 1,
        sha256,
      },
    }) as unknown as BackupRecord;
  const points = [point("a-1", "a-1.1.diff", "0".repeat(64)), point("b-2", "b-2.1.diff.zst", "1".repeat(64))];

  it("give one command for each point, in order, and take nothing of a name for a command", () => {
    const readme = chainReadme(points);
    const commands = readme.split("\n").filter((line) => /import-diff|rbd create/.test(line));
    expect(commands).toEqual([
      'rbd create --size 8192B --object-size 4096B "$IMAGE"',
      'rbd import-diff a-1.1.diff "$IMAGE"',
      'zstd -dc b-2.1.diff.zst | rbd import-diff - "$IMAGE"',
    ]);
    expect(readme).toContain("# Backups of rbd/vm?rm -rf??# 1\n");
  });

  it("list the digests as sha256sum takes them", () => {
    expect(chainSums(points)).toBe(`${"0".repeat(64)}  a-1.1.diff\n${"1".repeat(64)}  b-2.1.diff.zst\n`);
  });
});
