import { describe, expect, it } from "vitest";
import { type FoundImage, type ImageReader, limitedReader } from "../../../src/inventory/image-reader.ts";
import type { ImageEntry } from "../../../src/inventory/list-images.ts";

describe("limitedReader", () => {
  it("never reads more at a time than it may, and forgets nobody, whoever fails", async () => {
    let [now, most] = [0, 0];
    const slow: ImageReader = {
      async read({ id }: ImageEntry) {
        most = Math.max(most, ++now);
        await new Promise<void>((resolve) => setImmediate(resolve));
        now -= 1;
        if (Number(id) % 3 === 0) throw new Error(`no ${id}`);
        return { size: Number(id) } as FoundImage;
      },
    };
    const reader = limitedReader(slow, 4);
    const reads = Array.from({ length: 50 }, (_, id) =>
      reader.read({ id: `${id}` } as ImageEntry, undefined),
    );
    const outcomes = await Promise.allSettled(reads);
    expect(most).toBe(4);
    for (const [id, outcome] of outcomes.entries()) {
      if (id % 3 === 0)
        expect(outcome).toMatchObject({ status: "rejected", reason: { message: `no ${id}` } });
      else expect(outcome).toMatchObject({ status: "fulfilled", value: { size: id } });
    }
    expect(await reader.read({ id: "1" } as ImageEntry, undefined)).toEqual({ size: 1 });
  });
});
