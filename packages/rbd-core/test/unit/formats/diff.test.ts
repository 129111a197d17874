import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DiffRecord } from "../../../src/formats/diff-record.ts";
import { openDiff } from "../../../src/formats/read-diff.ts";
import { writeDiff } from "../../../src/formats/write-diff.ts";
import { apply, diffs, drain, encode, formatErrorOf, join, pieces, write } from "./support.ts";

const name = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }).filter((text) => {
  return text.isWellFormed() && !text.includes("\0");
});
const options = fc.record({ from: name, to: name, protected: fc.boolean() }, { requiredKeys: [] });

/** Neighbouring data pieces joined: a source's chunks must not show. */
function whole(records: readonly DiffRecord[]): DiffRecord[] {
  const joined: DiffRecord[] = [];
  for (const record of records) {
    const last = joined.at(-1);
    if (record.type === "data" && last?.type === "data") {
      joined[joined.length - 1] = { ...last, data: Buffer.concat([last.data, record.data]) };
    } else joined.push(record.type === "data" ? { ...record, data: Buffer.from(record.data) } : record);
  }
  return joined;
}

describe("a diff", () => {
  it("is written as the format's description says", async () => {
    const records: DiffRecord[] = [...write(3, Buffer.from("ab")), { type: "zero", offset: 16, length: 1 }];
    const bytes = await encode({ from: "a", to: "bc", size: 300 }, records);
    const expected = Buffer.concat([
      Buffer.from("rbd diff v1\n"),
      Buffer.from("f\x01\0\0\0a"),
      Buffer.from("t\x02\0\0\0bc"),
      Buffer.from("s\x2c\x01\0\0\0\0\0\0"),
      Buffer.from("w\x03\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0ab"),
      Buffer.from("z\x10\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0"),
      Buffer.from("e"),
    ]);
    expect(bytes).toEqual(expected);
  });

  it("frames each record with its length in version 2", async () => {
    const bytes = await encode({ to: "t", protected: true, size: 4 }, write(1, Buffer.from("x")), {
      version: 2,
    });
    const expected = Buffer.concat([
      Buffer.from("rbd diff v2\n"),
      Buffer.from("t\x05\0\0\0\0\0\0\0\x01\0\0\0t"),
      Buffer.from("p\x01\0\0\0\0\0\0\0\x01"),
      Buffer.from("s\x08\0\0\0\0\0\0\0\x04\0\0\0\0\0\0\0"),
      Buffer.from("w\x11\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0x"),
      Buffer.from("e"),
    ]);
    expect(bytes).toEqual(expected);
  });

  it("reads back what was written, however the bytes arrive", async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(diffs(), options, sizes, fc.constantFrom(1, 2), async (diff, extra, cut, version) => {
        const { protected: isProtected, ...names } = extra;
        const header = {
          ...names,
          size: diff.header.size,
          ...(version === 2 && names.to !== undefined ? { protected: isProtected === true } : {}),
        };
        const bytes = await encode(header, diff.records, { version });
        await using read = await openDiff(pieces(bytes, cut));
        expect(read.version).toBe(version);
        expect(read.header).toEqual(header);
        expect(whole(await drain(read))).toEqual(whole(diff.records));
      }),
    );
  });

  it("does not read ahead of who takes its records", async () => {
    let given = 0;
    const bytes = await encode({ size: 1 << 20 }, write(0, Buffer.alloc(1 << 20, 1)));
    const source = (function* () {
      for (const piece of pieces(bytes, [1024])) {
        given += piece.length;
        yield piece;
      }
    })();
    await using diff = await openDiff(source);
    for (let taken = 0; taken < 10; taken++) await diff.records.next();
    expect(given).toBeLessThan(12 * 1024);
  });

  it("lets go of its source when it is left early", async () => {
    let released = false;
    const bytes = await encode({ size: 100 }, write(0, Buffer.alloc(100)));
    const source = (function* () {
      try {
        yield* pieces(bytes, [8]);
      } finally {
        released = true;
      }
    })();
    await using diff = await openDiff(source);
    for await (const _ of diff.records) break;
    expect(released).toBe(true);
  });

  it("is a stream that ends its records when it is destroyed", async () => {
    let ended = false;
    const records = (function* () {
      try {
        for (let offset = 0; ; offset += 1 << 20) yield* write(offset, Buffer.alloc(1 << 20));
      } finally {
        ended = true;
      }
    })();
    const stream = writeDiff({ size: 2 ** 50 }, records);
    for await (const _ of stream) break;
    await new Promise(setImmediate);
    expect(ended).toBe(true);
  });

  it("carries offsets up to 2^53 and an image of no size", async () => {
    const far = Number.MAX_SAFE_INTEGER - 1;
    const header = { size: Number.MAX_SAFE_INTEGER };
    await using diff = await openDiff([await encode(header, write(far, Buffer.of(1)))]);
    expect(whole(await drain(diff))).toEqual(write(far, Buffer.of(1)));
    expect(await apply(Buffer.alloc(5), [await encode({ size: 0 }, [])])).toEqual(Buffer.alloc(0));
  });
});

describe("the writer", () => {
  const refused = (records: readonly DiffRecord[], header = { size: 100 }) =>
    formatErrorOf(() => join(writeDiff(header, records)));

  it.each<[string, DiffRecord[], string]>([
    ["data without a write", [{ type: "data", offset: 0, data: Buffer.of(1) }], "LENGTH_MISMATCH"],
    ["less data than announced", [{ type: "write", offset: 0, length: 1 }], "LENGTH_MISMATCH"],
    [
      "more data than announced",
      [...write(0, Buffer.of(1)), { type: "data", offset: 1, data: Buffer.of(1) }],
      "LENGTH_MISMATCH",
    ],
    [
      "data at another place",
      [
        { type: "write", offset: 0, length: 1 },
        { type: "data", offset: 1, data: Buffer.of(1) },
      ],
      "LENGTH_MISMATCH",
    ],
    ["an extent beyond the end", [{ type: "zero", offset: 100, length: 1 }], "OUT_OF_RANGE"],
    [
      "descending extents",
      [
        { type: "zero", offset: 5, length: 1 },
        { type: "zero", offset: 1, length: 1 },
      ],
      "OUT_OF_ORDER",
    ],
    [
      "overlapping extents",
      [
        { type: "zero", offset: 5, length: 5 },
        { type: "zero", offset: 9, length: 2 },
      ],
      "OVERLAP",
    ],
    ["an empty extent", [{ type: "zero", offset: 5, length: 0 }], "EMPTY_RECORD"],
  ])("refuses %s", async (_, records, code) => {
    expect((await refused(records))?.code).toBe(code);
  });

  it.each<[string, string]>([
    ["", "BAD_NAME"],
    ["a\0", "BAD_NAME"],
    ["\ud800", "BAD_NAME"],
    ["é".repeat(2049), "TOO_LONG"],
  ])("refuses the name %j", async (to, code) => {
    expect((await refused([], { size: 1, to } as { size: number }))?.code).toBe(code);
  });
});
