import { describe, expect, it } from "vitest";
import { decideShape } from "../../../src/clone/clone-plan.ts";

const target = { pool: "rbd", namespace: "", image: "vol" };
const source = { spec: { pool: "rbd", namespace: "", image: "base", snapshot: "s" }, size: 1000, depth: 0 };

describe("decideShape", () => {
  it("takes the source's size and leaves the clone one", () => {
    expect(decideShape(target, source, {})).toEqual({
      size: 1000,
      flatten: false,
      flattenReason: "it has 1 image above it, and no limit was given",
      depth: 1,
    });
  });

  it("gives a clone the larger size that was asked for", () => {
    expect(decideShape(target, source, { size: 1001 })).toMatchObject({ size: 1001, flatten: false });
    expect(decideShape(target, source, { size: 1000 })).toMatchObject({ size: 1000 });
  });

  it("accepts an empty source, and enlarges it", () => {
    const empty = { ...source, size: 0 };
    expect(decideShape(target, empty, {})).toMatchObject({ size: 0 });
    expect(decideShape(target, empty, { size: 1 })).toMatchObject({ size: 1 });
  });

  it.each([
    [40, undefined, false, 41, "it has 41 images above it, and no limit was given"],
    [4, 5, false, 5, "it has 5 images above it, and 5 are allowed"],
    [5, 5, true, 0, "it would have 6 images above it, and at most 5 are allowed"],
    [0, 1, false, 1, "it has 1 image above it, and 1 are allowed"],
    [1, 1, true, 0, "it would have 2 images above it, and at most 1 are allowed"],
    [0, 0, true, 0, "a depth of 0 asks for a full copy"],
  ])("a source at depth %i with maxDepth %s: flattened %s", (depth, maxDepth, flatten, left, reason) => {
    expect(decideShape(target, { ...source, depth }, { maxDepth })).toMatchObject({
      flatten,
      flattenReason: reason,
      depth: left,
    });
  });

  it("flattens when that is asked for, whatever the depth", () => {
    expect(decideShape(target, source, { flatten: true, maxDepth: 9 })).toMatchObject({
      flatten: true,
      flattenReason: "it was asked for",
      depth: 0,
    });
  });

  it.each([
    [{ size: 999 }, "999 bytes cannot hold rbd/base@s, which has 1000 bytes"],
    [{ size: 0 }, "0 is not the size of an image"],
    [{ size: 1.5 }, "1.5 is not the size of an image"],
    [{ maxDepth: -1 }, "-1 is not a depth"],
    [{ maxDepth: Number.NaN }, "NaN is not a depth"],
  ])("refuses %j", (wishes, message) => {
    expect(() => decideShape(target, source, wishes)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringContaining(message) }),
    );
  });
});
