import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  compareObjectMaps,
  crc32c,
  decodeObjectMap,
  emptyObjectMap,
  ObjectMap,
  objectMapBytes,
} from "../../../src/diff/object-map.ts";
import { DecodeError } from "../../../src/headers/encoding.ts";
import { bytesOfObject, objectCount } from "../../../src/headers/object-layout.ts";
import * as w from "../headers/ceph-writer.ts";

function pack(states: readonly number[]): Buffer {
  const packed = Buffer.alloc(Math.ceil(states.length / 4));
  for (const [index, state] of states.entries()) {
    packed[index >> 2] = (packed[index >> 2] ?? 0) | (state << ((3 - (index % 4)) * 2));
  }
  return packed;
}

function encode(states: readonly number[], withCrc = true): Buffer {
  const header = w.versioned(1, 1, w.u64(states.length));
  const packed = pack(states);
  const crcs: Buffer[] = [];
  for (let at = 0; at < packed.length; at += 4096) crcs.push(w.u32(crc32c(packed.subarray(at, at + 4096))));
  const footer = withCrc ? Buffer.concat([w.u32(crc32c(header)), w.list(crcs)]) : Buffer.alloc(0);
  return Buffer.concat([w.bytes(header), packed, w.bytes(footer)]);
}

const mapOf = (states: readonly number[]) => new ObjectMap(states.length, pack(states));
const states = fc.array(fc.nat(3), { maxLength: 200 });

describe("decodeObjectMap", () => {
  it("reads what was written, with and without CRCs", () => {
    fc.assert(
      fc.property(states, fc.boolean(), (chosen, withCrc) => {
        const map = decodeObjectMap(encode(chosen, withCrc));
        expect(map.length).toBe(chosen.length);
        expect(chosen.map((_, index) => map.state(index))).toEqual(chosen);
        expect(map.state(chosen.length)).toBe(0);
        if (withCrc) expect(objectMapBytes(chosen.length)).toBe(encode(chosen).length);
      }),
    );
  });

  it("reads maps of many blocks", () => {
    const chosen = Array.from({ length: 50_000 }, (_, index) => (index % 7 === 0 ? index % 4 : 0));
    const map = decodeObjectMap(encode(chosen));
    expect(chosen.every((state, index) => map.state(index) === state)).toBe(true);
  });

  it("finds every flipped bit and every cut", () => {
    const whole = encode([1, 0, 3, 2, 1]);
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const damaged = Buffer.from(whole);
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => decodeObjectMap(damaged), `bit ${bit}`).toThrow(DecodeError);
    }
    for (let length = 0; length < whole.length; length++) {
      expect(() => decodeObjectMap(whole.subarray(0, length)), `cut at ${length}`).toThrow(DecodeError);
    }
  });

  it("does not allocate for a size that the bytes do not cover", () => {
    const header = w.versioned(1, 1, w.u64(2n ** 50n));
    expect(() => decodeObjectMap(Buffer.concat([w.bytes(header), w.u32(0)]))).toThrow(DecodeError);
  });
});

describe("compareObjectMaps", () => {
  it("decides like librbd's fast-diff", () => {
    fc.assert(
      fc.property(states, states, (before, after) => {
        const seen = new Map<number, string>();
        compareObjectMaps(mapOf(before), mapOf(after), (index, change) => seen.set(index, change));
        const expected = new Map<number, string>();
        for (let index = 0; index < Math.max(before.length, after.length); index++) {
          const was = before[index] ?? 0;
          const is = after[index] ?? 0;
          if (is === 1 || is === 2 || (is === 3 && (was === 0 || was === 2))) expected.set(index, "written");
          else if (is === 0 && was !== 0) expected.set(index, "discarded");
        }
        expect([...seen]).toEqual([...expected]);
      }),
    );
  });

  it("takes all that is there as written since nothing", () => {
    const seen: number[] = [];
    compareObjectMaps(emptyObjectMap, mapOf([0, 1, 2, 3]), (index) => seen.push(index));
    expect(seen).toEqual([1, 2, 3]);
  });
});

describe("the layout of objects", () => {
  const layouts = fc
    .record({
      unitOrder: fc.nat(3),
      perObject: fc.integer({ min: 1, max: 5 }),
      stripeCount: fc.integer({ min: 1, max: 5 }),
    })
    .map(({ unitOrder, perObject, stripeCount }) => {
      const stripeUnit = 2 ** unitOrder;
      return { stripeUnit, objectSize: stripeUnit * perObject, stripeCount };
    });

  it("accounts for every byte once", () => {
    fc.assert(
      fc.property(layouts, fc.nat(500), (layout, size) => {
        const bytes = new Map<number, number>();
        for (let at = 0; at < size; at++) {
          const { objectSize, stripeUnit, stripeCount } = layout;
          const block = Math.floor(at / stripeUnit);
          const row = Math.floor(block / stripeCount);
          const set = Math.floor(row / (objectSize / stripeUnit));
          const index = set * stripeCount + (block % stripeCount);
          bytes.set(index, (bytes.get(index) ?? 0) + 1);
        }
        const count = objectCount(layout, size);
        expect(count).toBe(bytes.size === 0 ? 0 : Math.max(...bytes.keys()) + 1);
        for (let index = 0; index < count; index++) {
          expect(bytesOfObject(layout, size, index)).toBe(bytes.get(index) ?? 0);
        }
      }),
    );
  });
});

describe("crc32c", () => {
  it("has Ceph's seed and no inversion", () => {
    // The usual CRC-32C of "123456789" is e3069283; that is this one with the register inverted before and after.
    expect(crc32c(Buffer.alloc(100))).toBe(0);
    const text = Buffer.from("123456789");
    // Inverting the register before is inverting the first four bytes.
    const inverted = Buffer.concat([text.subarray(0, 4).map((byte) => byte ^ 0xff), text.subarray(4)]);
    expect((crc32c(inverted) ^ 0xffff_ffff) >>> 0).toBe(0xe306_9283);
  });
});
