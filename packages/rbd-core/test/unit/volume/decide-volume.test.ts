import { describe, expect, it } from "vitest";
import { decideVolume } from "../../../src/volume/decide-volume.ts";

const target = { pool: "rbd", namespace: "", image: "vol" };
const source = { spec: { pool: "rbd", namespace: "", image: "base", snapshot: "s" }, size: 1000, depth: 0 };

describe("decideVolume", () => {
  it("takes the source's size and leaves the volume a clone", () => {
    expect(decideVolume(target, source, {})).toEqual({
      size: 1000,
      grow: false,
      flatten: false,
      flattenReason: "it has 1 image above it, and 5 may be",
      depth: 1,
    });
  });

  it("enlarges a clone that is to be larger", () => {
    expect(decideVolume(target, source, { size: 1001 })).toMatchObject({ size: 1001, grow: true });
  });

  it.each([
    [0, 4, undefined, false, 5, "it has 5 images above it, and 5 may be"],
    [0, 5, undefined, true, 0, "it would have 6 images above it, and at most 5 may be"],
    [0, 0, 1, false, 1, "it has 1 image above it, and 1 may be"],
    [0, 1, 1, true, 0, "it would have 2 images above it, and at most 1 may be"],
    [0, 0, 0, true, 0, "a depth of 0 asks for a full copy"],
  ])("case %#: source at depth %2$i with maxDepth %3$s", (_, depth, maxDepth, flatten, left, reason) => {
    expect(decideVolume(target, { ...source, depth }, { maxDepth })).toMatchObject({
      flatten,
      flattenReason: reason,
      depth: left,
    });
  });

  it("flattens when that is asked for, whatever the depth", () => {
    expect(decideVolume(target, source, { flatten: true })).toMatchObject({
      flatten: true,
      flattenReason: "it was asked for",
      depth: 0,
    });
  });

  it.each([
    [{ size: 999 }, "a volume of 999 bytes cannot hold rbd/base@s, which has 1000 bytes"],
    [{ size: 0 }, "0 is not the size of a volume"],
    [{ size: 1.5 }, "1.5 is not the size of a volume"],
    [{ maxDepth: -1 }, "-1 is not a depth"],
    [{ maxDepth: Number.NaN }, "NaN is not a depth"],
  ])("refuses %j", (wishes, message) => {
    expect(() => decideVolume(target, source, wishes)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT", message: expect.stringContaining(message) }),
    );
  });
});
