import fc from "fast-check";
import type { Image } from "rbd-native";
import { RbdError } from "rbd-native";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { defineNote } from "../../../src/notes/image-notes.ts";

const schema = z.strictObject({ version: z.literal(1), name: z.string(), sizes: z.array(z.int()) });
const definition = { key: "coppice.test", schema, what: "a note of the test" } as const;
const ignoring = defineNote({ ...definition, ifUnreadable: "ignore" });
const refusing = defineNote({ ...definition, ifUnreadable: "refuse" });
const note = fc.record({
  version: fc.constant(1 as const),
  name: fc.string({ unit: "binary" }),
  sizes: fc.array(fc.maxSafeInteger()),
});

/** An image of which only the metadata is there. */
function fakeImage(metadata = new Map<string, string>()): { image: Image; metadata: Map<string, string> } {
  const missing = (call: string) =>
    new RbdError({ code: "NOT_FOUND", errno: 2, call, object: "rbd/vm-1", detail: "none" });
  const image = {
    name: "vm-1",
    async getMetadata(key: string) {
      const text = metadata.get(key);
      if (text === undefined) throw missing("rbd_metadata_get");
      return text;
    },
    async setMetadata(key: string, value: string) {
      metadata.set(key, value);
    },
    async removeMetadata(key: string) {
      if (!metadata.delete(key)) throw missing("rbd_metadata_remove");
    },
  };
  return { image: image as unknown as Image, metadata };
}

describe("a note", () => {
  it("is read as it was written, through an image and as a change to a header", async () => {
    await fc.assert(
      fc.asyncProperty(note, async (value) => {
        const { image, metadata } = fakeImage();
        await ignoring.write(image, value);
        expect(await ignoring.read(image)).toEqual(value);
        expect(ignoring.set(value)).toEqual({
          type: "set",
          key: "coppice.test",
          value: metadata.get("coppice.test"),
        });
        expect(refusing.parse(metadata.get("coppice.test"))).toEqual(value);
        expect(await ignoring.remove(image)).toBe(true);
        expect(await ignoring.remove(image)).toBe(false);
        expect(await ignoring.read(image)).toBeUndefined();
      }),
    );
    expect(ignoring.unset).toEqual({ type: "remove", key: "coppice.test" });
  });

  it("is nothing where there is no metadata", () => {
    expect(ignoring.parse(undefined)).toBeUndefined();
    expect(refusing.parse(undefined)).toBeUndefined();
  });

  const refusal = (text: string) => () => refusing.parse(text, "rbd/vm-1");

  it("of a later version, or with more in it, is ignored or refused as its kind says", () => {
    fc.assert(
      fc.property(note, fc.integer({ min: 2 }), (value, version) => {
        for (const changed of [
          { ...value, version },
          { ...value, more: true },
        ]) {
          const text = JSON.stringify(changed);
          expect(ignoring.parse(text)).toBeUndefined();
          expect(refusal(text)).toThrow(expect.objectContaining({ name: "CoppiceError", code: "IO" }));
        }
      }),
    );
  });

  it("of any other text is ignored or refused as its kind says, and never anything else", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(ignoring.parse(text)).toBeUndefined();
        expect(refusal(text)).toThrow(expect.objectContaining({ name: "CoppiceError", code: "IO" }));
      }),
    );
    expect(refusal("nonsense")).toThrow(/coppice\.test of rbd\/vm-1 is not a note of the test.*"nonsense"/);
    expect(refusal("nonsense")).toThrow("rbd image-meta remove rbd/vm-1 coppice.test");
  });

  it("that is too long is refused before anything is written, counted in bytes of UTF-8", async () => {
    const length = (name: string) => Buffer.byteLength(JSON.stringify({ version: 1, name, sizes: [] }));
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "grapheme" }), fc.nat(60), async (name, maxBytes) => {
        const short = defineNote({ ...definition, ifUnreadable: "ignore", maxBytes });
        const { image, metadata } = fakeImage();
        const writing = short.write(image, { version: 1, name, sizes: [] });
        if (length(name) <= maxBytes) {
          await writing;
          return;
        }
        await expect(writing).rejects.toMatchObject({ name: "CoppiceError", code: "OUT_OF_RANGE" });
        expect(() => short.set({ version: 1, name, sizes: [] })).toThrow(
          expect.objectContaining({ code: "OUT_OF_RANGE" }),
        );
        expect(metadata.size).toBe(0);
      }),
    );
    await expect(
      ignoring.write(fakeImage().image, { version: 1, name: "x".repeat(65_536), sizes: [] }),
    ).rejects.toMatchObject({ code: "OUT_OF_RANGE" });
  });

  it("that could not be read again is not written", async () => {
    const { image, metadata } = fakeImage();
    await expect(ignoring.write(image, { version: 1, name: "x", sizes: [0.5] })).rejects.toThrow();
    expect(metadata.size).toBe(0);
  });

  it("passes on other failures of reading and removing", async () => {
    const broken = async () => {
      throw new RbdError({ code: "IO", errno: 5, call: "x", object: "rbd/vm-1", detail: "broken" });
    };
    const image = { name: "vm-1", getMetadata: broken, removeMetadata: broken } as unknown as Image;
    await expect(ignoring.read(image)).rejects.toMatchObject({ code: "IO" });
    await expect(ignoring.remove(image)).rejects.toMatchObject({ code: "IO" });
  });
});
