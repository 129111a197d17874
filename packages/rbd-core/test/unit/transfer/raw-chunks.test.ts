import { Readable } from "node:stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ChunkPool,
  grownSize,
  InFlight,
  rechunk,
  untilAborted,
} from "../../../src/transfer/import/raw-chunks.ts";
import { collect } from "../collect.ts";

const pieces = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 });
const stream = async function* (parts: Iterable<Uint8Array>) {
  yield* parts;
};

describe("rechunk", () => {
  it("keeps every byte, in chunks of one size but the last", async () => {
    await fc.assert(
      fc.asyncProperty(pieces, fc.integer({ min: 1, max: 64 }), async (parts, size) => {
        const chunks = await collect(rechunk(stream(parts), new ChunkPool(size, 1000)));
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
    const chunks = await collect(rechunk(reusing(), new ChunkPool(3, 9)));
    expect(chunks.map((chunk) => chunk[0])).toEqual([1, 2, 3, 4]);
  });

  it("refuses a stream of text", async () => {
    const text = Readable.from(["abc"]);
    await expect(collect(rechunk(text, new ChunkPool(4, 9)))).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("delivers text"),
    });
    expect(text.destroyed).toBe(true);
  });
});

describe("ChunkPool", () => {
  it("gives a chunk again only when all its users are done", async () => {
    const pool = new ChunkPool(4, 2);
    const chunk = await pool.take();
    const done = pool.share(chunk, 2);
    done();
    expect((await pool.take()).buffer).not.toBe(chunk.buffer);
    done();
    expect((await pool.take()).buffer).toBe(chunk.buffer);
  });

  it("makes whoever comes wait when there are no more, in turn", async () => {
    const pool = new ChunkPool(4, 1);
    const chunk = await pool.take();
    const got: string[] = [];
    const first = pool.take().then((next) => {
      got.push("first");
      pool.share(next, 1)();
    });
    const second = pool.take().then(() => got.push("second"));
    await new Promise(setImmediate);
    expect(got).toEqual([]);
    pool.share(chunk, 1)();
    await Promise.all([first, second]);
    expect(got).toEqual(["first", "second"]);
  });

  it("gives the whole chunk again of which only the beginning was used", async () => {
    const pool = new ChunkPool(4, 1);
    pool.share((await pool.take()).subarray(0, 3), 1)();
    expect((await pool.take()).length).toBe(4);
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

describe("InFlight", () => {
  it("rejects with the first failure, starts nothing after it, and leaves nothing running", async () => {
    const inFlight = new InFlight();
    const [a, b] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    inFlight.start(() => a.promise);
    inFlight.start(() => b.promise);
    a.reject(new Error("first"));
    await new Promise(setImmediate);
    let started = false;
    const late = () =>
      inFlight.start(async () => {
        started = true;
      });
    expect(late).toThrow("first");
    expect(started).toBe(false);
    let drained = false;
    const draining = inFlight.drain().catch((error: unknown) => {
      drained = true;
      return error;
    });
    await new Promise(setImmediate);
    expect(drained).toBe(false);
    b.reject(new Error("second"));
    expect(await draining).toMatchObject({ message: "first" });
  });

  it("resolves when everything succeeded", async () => {
    const inFlight = new InFlight();
    const done: number[] = [];
    for (const value of [1, 2]) inFlight.start(async () => void done.push(value));
    await inFlight.drain();
    expect(done).toEqual([1, 2]);
  });
});

const silent = () =>
  new Readable({
    read() {
      // Never delivers anything.
    },
  });

describe("untilAborted", () => {
  it("passes everything on", async () => {
    const { signal } = new AbortController();
    expect(await collect(untilAborted(Readable.from([1, 2, 3]), signal))).toEqual([1, 2, 3]);
    expect(await collect(untilAborted(Readable.from([1, 2]), undefined))).toEqual([1, 2]);
  });

  it("ends at once while the source is silent, and ends the source", async () => {
    const abort = new AbortController();
    const stream = silent();
    const reading = collect(untilAborted(stream, abort.signal));
    setImmediate(() => abort.abort(new Error("enough")));
    await expect(reading).rejects.toThrow("enough");
    expect(stream.destroyed).toBe(true);
  });

  it("ends at once while a generator hangs", async () => {
    const abort = new AbortController();
    async function* hanging() {
      yield 1;
      await new Promise(() => {});
    }
    const reading = collect(untilAborted(hanging(), abort.signal));
    setImmediate(() => abort.abort(new Error("enough")));
    await expect(reading).rejects.toThrow("enough");
  });

  it("reads nothing after an abort", async () => {
    const stream = Readable.from([1]);
    await expect(collect(untilAborted(stream, AbortSignal.abort(new Error("before"))))).rejects.toThrow(
      "before",
    );
  });

  it("ends the source when the reader leaves off", async () => {
    const stream = Readable.from([1, 2, 3]);
    for await (const _ of untilAborted(stream, new AbortController().signal)) break;
    expect(stream.destroyed).toBe(true);
  });
});
