import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { readSource } from "../../../src/template/raw-disk.ts";
import { untilAborted } from "../../../src/template/source.ts";
import { collect } from "./collect.ts";

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

describe("readSource", () => {
  it("says where the source broke off, and why", async () => {
    async function* breaking() {
      yield Buffer.from("abc");
      throw new Error("connection reset");
    }
    await expect(collect(readSource(breaking(), "the stream", undefined))).rejects.toMatchObject({
      code: "IO",
      object: "the stream",
      message: expect.stringContaining("the stream broke off after 3 bytes: connection reset"),
      cause: { message: "connection reset" },
    });
  });
});
