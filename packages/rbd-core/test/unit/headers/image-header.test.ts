import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DecodeError } from "../../../src/headers/encoding.ts";
import { decodeImageHeader, decodePackedHeader } from "../../../src/headers/image-header.ts";
import { PackedOmap } from "../../../src/headers/packed-omap.ts";
import * as w from "./ceph-writer.ts";

type Entries = [string, Uint8Array][];

const least: Entries = [
  ["features", w.u64(61)],
  ["object_prefix", w.string("rbd_data.1f")],
  ["order", w.u8(22)],
  ["size", w.u64(10 * 2 ** 30)],
  ["snap_seq", w.u64(0)],
];

const snapshot = (id: bigint, name: string) =>
  w.versioned(
    8,
    8,
    w.u64(id),
    w.string(name),
    w.u64(1024),
    w.u8(2),
    w.u64(0),
    w.userNamespace,
    w.time(new Date(1000)),
    w.u32(1),
    w.optional(null),
  );

const full: Entries = [
  ...least,
  ["access_timestamp", w.time(new Date(1_700_000_000_123))],
  ["create_timestamp", w.time(new Date(1_700_000_000_000))],
  ["data_pool_id", w.u64(5)],
  ["flags", w.u64(1)],
  ["metadata_conf_rbd_cache", Buffer.from("false")],
  ["modify_timestamp", w.time(new Date(1_700_000_001_000))],
  ["op_features", w.u64(1)],
  ["parent", w.parentV2({ pool: 2, namespace: "ns", id: "ab", snap: 4n, overlap: 4096 })],
  ["rbd_group_ref", w.versioned(1, 1, w.u64(2), w.string("g"))],
  ["snap_children_0000000000000010", w.list([w.versioned(2, 1, w.u64(2), w.string("c"), w.string(""))])],
  ["snapshot_0000000000000010", snapshot(16n, "later")],
  ["snapshot_0000000000000004", snapshot(4n, "first")],
  ["stripe_count", w.u64(4)],
  ["stripe_unit", w.u64(65536)],
];

/** The bytes one after the other and their lengths, as the binding gives them. */
function pack(entries: Entries): PackedOmap {
  const parts = entries.flatMap(([key, value]) => [Buffer.from(key), value]);
  const lengths = Uint32Array.from(parts, ({ length }) => length);
  return new PackedOmap({ data: Buffer.concat(parts), lengths, more: false });
}

function outcome(decode: () => unknown): unknown {
  try {
    return decode();
  } catch (error) {
    expect(error).toBeInstanceOf(DecodeError);
    const { structure, offset, message } = error as DecodeError;
    expect(offset).toBeGreaterThanOrEqual(0);
    return { structure, offset, message };
  }
}

describe("decodeImageHeader", () => {
  it.each([
    ["a map", decodeImageHeader],
    ["packed bytes", (entries: Entries) => decodePackedHeader(pack(entries))],
  ])("reads everything from %s", (_, decode) => {
    const header = decode(full);
    expect(header).toMatchObject({
      size: 10 * 2 ** 30,
      order: 22,
      features: 61n,
      opFeatures: 1n,
      flags: 1n,
      objectPrefix: "rbd_data.1f",
      dataPoolId: 5,
      stripeUnit: 65536,
      stripeCount: 4,
      createdAt: new Date(1_700_000_000_000),
      accessedAt: new Date(1_700_000_000_123),
      modifiedAt: new Date(1_700_000_001_000),
      parent: { poolId: 2, namespace: "ns", imageId: "ab", snapshotId: 4n, headOverlap: 4096 },
      group: { poolId: 2, groupId: "g" },
      migration: null,
    });
    expect(header.snapshots.map(({ name }) => name)).toEqual(["first", "later"]);
    expect(header.children.get(16n)).toEqual([{ poolId: 2, namespace: "", imageId: "c" }]);
  });

  it("fills in what a plain image leaves out", () => {
    expect(decodeImageHeader(least)).toMatchObject({
      flags: 0n,
      dataPoolId: null,
      stripeUnit: 2 ** 22,
      stripeCount: 1,
      createdAt: null,
      parent: null,
      group: null,
      snapshots: [],
    });
  });

  it.each(least.map(([key]) => key))("does not do without %s", (missing) => {
    expect(() => decodeImageHeader(least.filter(([key]) => key !== missing))).toThrow(
      `${missing} cannot be decoded: the header has no such key`,
    );
  });

  it("refuses a snapshot under another's key", () => {
    const entries: Entries = [...least, ["snapshot_0000000000000005", snapshot(4n, "first")]];
    expect(() => decodeImageHeader(entries)).toThrow("it holds snapshot 4");
  });

  it("meets damage with a DecodeError or a value, never with anything else", () => {
    const damage = fc.record({
      entry: fc.nat(full.length - 1),
      cut: fc.option(fc.nat(200), { nil: undefined }),
      flips: fc.array(fc.record({ at: fc.nat(200), bit: fc.nat(7) }), { maxLength: 4 }),
      extra: fc.uint8Array({ maxLength: 3 }),
    });
    fc.assert(
      fc.property(fc.array(damage, { minLength: 1, maxLength: 3 }), (damages) => {
        const entries: Entries = full.map(([key, value]) => [key, Buffer.from(value)]);
        for (const { entry, cut, flips, extra } of damages) {
          const damaged = entries[entry];
          if (damaged === undefined) continue;
          const bytes = Buffer.concat([damaged[1].subarray(0, cut), extra]);
          for (const { at, bit } of flips) if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
          damaged[1] = bytes;
        }
        // Packed, it is the same value, or the same error at the same place.
        expect(outcome(() => decodePackedHeader(pack(entries)))).toEqual(
          outcome(() => decodeImageHeader(entries)),
        );
      }),
      { numRuns: 2000 },
    );
  });

  it("finds every value that is cut short", () => {
    for (const [key, value] of full) {
      if (key.startsWith("metadata_")) continue;
      for (let length = 0; length < value.length; length++) {
        const entries = full.map(([k, v]): [string, Uint8Array] => [
          k,
          k === key ? v.subarray(0, length) : v,
        ]);
        expect(() => decodeImageHeader(entries), `${key} cut at ${length}`).toThrow(DecodeError);
        expect(() => decodePackedHeader(pack(entries)), `${key} cut at ${length}`).toThrow(DecodeError);
      }
    }
  });
});
