import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mergeDiffs } from "../../../src/formats/merge-diffs.ts";
import { openDiff } from "../../../src/formats/read-diff.ts";
import { apply, difference, encode, formatErrorOf, histories, join, pieces, write } from "./support.ts";

/** One diff for each step of a history, the first from nothing. */
const chain = (states: readonly Buffer[]) =>
  Promise.all(
    states.map((state, index) => {
      const before = states[index - 1];
      const header = {
        to: `s${index}`,
        size: state.length,
        ...(index === 0 ? {} : { from: `s${index - 1}` }),
      };
      return encode(header, difference(before ?? Buffer.alloc(0), state));
    }),
  );

describe("mergeDiffs", () => {
  it("makes of a chain what applying it one by one makes", async () => {
    await fc.assert(
      fc.asyncProperty(histories(), fc.integer({ min: 1, max: 50 }), async (states, cut) => {
        const diffs = await chain(states);
        const full = await join(mergeDiffs(diffs.map((diff) => pieces(diff, [cut]))));
        expect(await apply(Buffer.alloc(0), [full])).toEqual(states.at(-1));
        const increment = await join(mergeDiffs(diffs.slice(1).map((diff) => [diff])));
        expect(await apply(states[0] ?? Buffer.alloc(0), [increment])).toEqual(states.at(-1));
      }),
      { numRuns: 300 },
    );
  });

  it("gives the same however it is grouped", async () => {
    await fc.assert(
      fc.asyncProperty(histories(), async (states) => {
        const diffs = await chain(states);
        const at = Math.ceil(diffs.length / 2);
        const halves = [diffs.slice(0, at), diffs.slice(at)].filter((half) => half.length > 0);
        const grouped = mergeDiffs(halves.map((half) => mergeDiffs(half.map((diff) => [diff]))));
        const read = async (bytes: Buffer) => {
          await using diff = await openDiff([bytes]);
          return diff.header;
        };
        const [a, b] = [await join(grouped), await join(mergeDiffs(diffs.map((diff) => [diff])))];
        expect(await read(a)).toEqual(await read(b));
        expect(await apply(Buffer.alloc(0), [a])).toEqual(await apply(Buffer.alloc(0), [b]));
      }),
    );
  });

  it("does not let old data through where the image was smaller in between", async () => {
    const shrunk = await encode({ from: "a", to: "b", size: 4 }, []);
    const grown = await encode({ from: "b", to: "c", size: 8 }, []);
    const merged = await join(mergeDiffs([[shrunk], [grown]]));
    expect(await apply(Buffer.from("oldcontents"), [merged])).toEqual(Buffer.from("oldc\0\0\0\0"));
  });

  it("keeps the names at both ends, and the protection of the last", async () => {
    const first = await encode({ from: "a", to: "b", protected: false, size: 4 }, [], { version: 2 });
    const second = await encode({ from: "b", to: "c", protected: true, size: 9 }, [], { version: 2 });
    await using merged = await openDiff(mergeDiffs([[first], [second]], { version: 2 }));
    expect(merged.header).toEqual({ from: "a", to: "c", protected: true, size: 9 });
  });

  it("refuses diffs that do not follow each other", async () => {
    const diff = (header: { from?: string; to?: string }) => encode({ size: 1, ...header }, []);
    const [full, toHead, other] = [
      await diff({ to: "a" }),
      await diff({ from: "a" }),
      await diff({ from: "b" }),
    ];
    const refused = (...parts: Buffer[]) =>
      formatErrorOf(() => join(mergeDiffs(parts.map((part) => [part]))));
    expect((await refused(full, other))?.code).toBe("CHAIN_MISMATCH");
    expect((await refused(full, full))?.code).toBe("CHAIN_MISMATCH");
    expect((await refused(toHead, await diff({})))?.code).toBe("CHAIN_MISMATCH");
    expect(await refused(full, toHead)).toBeUndefined();
  });

  it("refuses a damaged part and lets go of the others", async () => {
    let released = 0;
    const source = (bytes: Buffer) =>
      (function* () {
        try {
          yield* pieces(bytes, [7]);
        } finally {
          released++;
        }
      })();
    const first = await encode({ to: "a", size: 100 }, write(0, Buffer.alloc(100)));
    const second = await encode({ from: "a", to: "b", size: 100 }, write(50, Buffer.alloc(10)));
    const merged = mergeDiffs([source(first), source(second.subarray(0, second.length - 5))]);
    expect((await formatErrorOf(() => join(merged)))?.code).toBe("TRUNCATED");
    expect(released).toBe(2);
  });
});
