import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ChunkPool } from "../../../src/template/bytes/chunk-pool.ts";
import { dataExtents } from "../../../src/template/bytes/data-extents.ts";
import { DigestPair } from "../../../src/template/bytes/digests.ts";
import { grownSize } from "../../../src/template/bytes/growth.ts";
import { rechunk } from "../../../src/template/bytes/rechunk.ts";
import { WriteWindow } from "../../../src/template/bytes/write-window.ts";
import { collect } from "./collect.ts";

const pieces = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 });
const stream = async function* (parts: Iterable<Uint8Array>) {
  yield* parts;
};

describe("rechunk", () => {
  it("keeps every byte, in chunks of one size but the last", async () => {
    await fc.assert(
      fc.asyncProperty(pieces, fc.integer({ min: 1, max: 64 }), async (parts, size) => {
        const chunks = await collect(rechunk(stream(parts), size));
        expect(Buffer.concat(chunks)).toEqual(Buffer.concat(parts));
        for (const chunk of chunks.slice(0, -1)) expect(chunk.length).toBe(size);
        for (const chunk of chunks.slice(-1)) expect(chunk.length).toBeGreaterThan(0);
      }),
    );
  });

  it("is not disturbed by a source that uses its memory again", async () => {
    async function* reusing() {
      const memory = Buffer.alloc(3);
      for (let value = 1; value <= 4; value++) yield memory.fill(value);
    }
    const chunks = await collect(rechunk(reusing(), 3));
    expect(chunks.map((chunk) => chunk[0])).toEqual([1, 2, 3, 4]);
  });

  it("refuses a stream of text", async () => {
    const text = Readable.from(["abc"]);
    await expect(collect(rechunk(text, 4))).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("delivers text"),
    });
    expect(text.destroyed).toBe(true);
  });
});

describe("ChunkPool", () => {
  it("gives a chunk again only when all its users are done", () => {
    const pool = new ChunkPool(4);
    const chunk = pool.take();
    const done = pool.share(chunk, 2);
    done();
    expect(pool.take()).not.toBe(chunk);
    done();
    expect(pool.take()).toBe(chunk);
  });

  it("never gives the short rest of a stream", () => {
    const pool = new ChunkPool(4);
    pool.share(pool.take().subarray(0, 3), 1)();
    expect(pool.take().length).toBe(4);
  });
});

describe("dataExtents", () => {
  it("covers exactly the grains that hold something", () => {
    const bytes = fc.array(fc.oneof(fc.constant(0), fc.constant(0), fc.nat(255)), { maxLength: 80 });
    fc.assert(
      fc.property(bytes, fc.integer({ min: 1, max: 9 }), (values, grain) => {
        const chunk = Buffer.from(values);
        const extents = dataExtents(chunk, grain);
        const rebuilt = Buffer.alloc(chunk.length);
        let previous = -1;
        for (const { start, end } of extents) {
          expect(start % grain).toBe(0);
          expect(start).toBeGreaterThan(previous);
          chunk.copy(rebuilt, start, start, end);
          for (let at = start; at < end; at += grain) {
            expect(chunk.subarray(at, Math.min(at + grain, end)).some((byte) => byte !== 0)).toBe(true);
          }
          previous = end;
        }
        expect(rebuilt).toEqual(chunk);
      }),
    );
  });

  it("finds nothing in a chunk of zeros", () => {
    expect(dataExtents(Buffer.alloc(100_000), 4096)).toEqual([]);
  });
});

describe("DigestPair", () => {
  it("gives what hashing everything at once gives", async () => {
    const bytes = Buffer.alloc(3 * 1024 ** 2 + 17, "coppice");
    const pair = new DigestPair();
    await pair.update(bytes.subarray(0, 5));
    await pair.update(bytes.subarray(5));
    expect(pair.digest()).toEqual({
      md5: createHash("md5").update(bytes).digest("hex"),
      sha256: createHash("sha256").update(bytes).digest("hex"),
    });
  });
});

describe("grownSize", () => {
  it("is enough, never less than before, and reaches 64 TiB in few steps", () => {
    let size = 0;
    let steps = 0;
    for (; size < 64 * 1024 ** 4; steps++) {
      const next = grownSize(size, size + 1);
      expect(next).toBeGreaterThan(size);
      size = next;
    }
    expect(steps).toBeLessThan(5000);
    expect(grownSize(100, 100)).toBe(100);
    expect(grownSize(0, 1)).toBe(64 * 1024 ** 2);
    expect(grownSize(0, 1024 ** 3)).toBe(1024 ** 3);
  });
});

describe("WriteWindow", () => {
  function held() {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    return { write: () => promise, resolve, reject };
  }

  it("starts no more than its budget allows", async () => {
    const window = new WriteWindow(10);
    const [a, b, c] = [held(), held(), held()];
    await window.add(6, a.write);
    await window.add(4, b.write);
    let third = false;
    const adding = window.add(1, c.write).then(() => {
      third = true;
    });
    await new Promise(setImmediate);
    expect(third).toBe(false);
    b.resolve();
    await adding;
    a.resolve();
    c.resolve();
    await window.drain();
  });

  it("lets a write larger than the budget run alone", async () => {
    const window = new WriteWindow(10);
    await window.add(100, () => Promise.resolve());
    await window.drain();
  });

  it("rejects with the first failure, starts nothing after it, and leaves nothing running", async () => {
    const window = new WriteWindow(10);
    const [a, b] = [held(), held()];
    await window.add(5, a.write);
    await window.add(5, b.write);
    a.reject(new Error("first"));
    await new Promise(setImmediate);
    let started = false;
    const late = window.add(1, async () => {
      started = true;
    });
    await expect(late).rejects.toThrow("first");
    expect(started).toBe(false);
    let drained = false;
    const draining = window.drain().catch((error: unknown) => {
      drained = true;
      return error;
    });
    await new Promise(setImmediate);
    expect(drained).toBe(false);
    b.reject(new Error("second"));
    expect(await draining).toMatchObject({ message: "first" });
  });
});
