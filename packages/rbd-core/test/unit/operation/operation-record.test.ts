import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  decodeRecord,
  encodeRecord,
  isIdMadeBy,
  type OperationRecord,
} from "../../../src/operation/operation-record.ts";
import { isKnownDead, thisProcess } from "../../../src/operation/process-identity.ts";

const record: OperationRecord = {
  version: 1,
  id: "0b7e0c3e-58f0-4a0c-9d1c-6f6f3f0d6c11",
  kind: "clone",
  image: "vm-1",
  clients: ["101b"],
  holder: { host: "a", pid: 7, bootId: "b", pidNamespace: "pid:[1]", startTicks: "12" },
  started: "2026-01-02T03:04:05.006Z",
  details: { source: "rbd/base" },
};

/** As librbd makes an id up: `generate_image_id` in `librbd/Utils.cc`. */
function idMadeBy(client: bigint, random: number): string {
  return `${client.toString(16)}${random.toString(16)}`.slice(-14);
}

describe("records", () => {
  test("whatever details an operation has are read back as they were written", () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), fc.string({ minLength: 1 }), (value, image) => {
        const details = JSON.parse(JSON.stringify(value));
        const written = { ...record, image, details };
        expect(decodeRecord("key", encodeRecord(written))).toEqual(written);
      }),
    );
  });

  test("what is not a record of this version is refused, and named", () => {
    const newer = Buffer.from(JSON.stringify({ ...record, version: 2 }));
    for (const bytes of [newer, Buffer.from(""), Buffer.from("{"), Buffer.from([0xff, 0x00])]) {
      expect(() => decodeRecord("vm-1/make", bytes)).toThrow(
        expect.objectContaining({ code: "UNSUPPORTED", message: expect.stringContaining("vm-1/make") }),
      );
    }
  });

  test("a record that is too large is refused before it is written", () => {
    const details = "x".repeat(64 * 1024);
    expect(() => encodeRecord({ ...record, details })).toThrow(
      expect.objectContaining({ code: "OUT_OF_RANGE" }),
    );
  });
});

describe("isIdMadeBy", () => {
  const clients = fc.bigInt({ min: 1n, max: 2n ** 40n });
  const randoms = fc.integer({ min: 0, max: 2 ** 32 - 1 });

  test("every id that a client's librbd makes up is its own", () => {
    fc.assert(
      fc.property(clients, randoms, (client, random) => {
        expect(isIdMadeBy(idMadeBy(client, random), client.toString(16))).toBe(true);
      }),
    );
  });

  test("the id of another client with a number of the same length is not", () => {
    const pairs = fc.tuple(
      fc.integer({ min: 0x1000, max: 0xffff }),
      fc.integer({ min: 0x1000, max: 0xffff }),
    );
    fc.assert(
      fc.property(pairs, fc.integer({ min: 2 ** 28, max: 2 ** 32 - 1 }), ([one, other], random) => {
        fc.pre(one !== other);
        expect(isIdMadeBy(idMadeBy(BigInt(one), random), other.toString(16))).toBe(false);
      }),
    );
  });

  test("an id of other origin is not", () => {
    for (const id of ["", "101b", "volume", "101b123456789"]) expect(isIdMadeBy(id, "101b")).toBe(false);
  });
});

describe("isKnownDead", () => {
  const here = thisProcess();

  test("this process lives", () => expect(isKnownDead(here)).toBe(false));

  test("a process that has gone, or whose number another one has now, is dead", () => {
    expect(isKnownDead({ ...here, pid: 2 ** 22 + 1 })).toBe(true);
    expect(isKnownDead({ ...here, startTicks: "1" })).toBe(true);
  });

  test("of another machine, start of it or namespace nothing is known", () => {
    const gone = { ...here, pid: 2 ** 22 + 1 };
    expect(isKnownDead({ ...gone, bootId: "other" })).toBe(false);
    expect(isKnownDead({ ...gone, pidNamespace: "pid:[1]" })).toBe(false);
    expect(isKnownDead(gone, { ...here, bootId: "" })).toBe(false);
  });
});
