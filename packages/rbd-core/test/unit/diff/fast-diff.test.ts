import { describe, expect, it } from "vitest";
import { hasMaps } from "../../../src/diff/fast-diff.ts";
import type { ImageHeader } from "../../../src/headers/image-header.ts";
import { featureBits, imageFlags } from "../../../src/image/features.ts";

const MiB = 2 ** 20;
const withMaps = featureBits(["layering", "exclusive-lock", "object-map", "fast-diff"]);

/** Snapshots 1, 2, … of these sizes (in MiB); those in `invalid` have maps that are not to be trusted. */
function header(sizes: readonly number[], invalid: readonly bigint[] = [], features = withMaps): ImageHeader {
  const snapshots = sizes.map((size, i) => {
    const id = BigInt(i + 1);
    const flags = invalid.includes(id) ? imageFlags["fast diff invalid"] : 0n;
    return { id, name: `s${id}`, size: size * MiB, flags };
  });
  return { features, snapshots } as unknown as ImageHeader;
}

describe("hasMaps", () => {
  it("wants the maps of both ends and of every snapshot between", () => {
    expect(hasMaps(header([4, 4, 4, 4]), 3n, 1n)).toBe(true);
    for (const id of [1n, 2n, 3n]) expect(hasMaps(header([4, 4, 4, 4], [id]), 3n, 1n)).toBe(false);
    expect(hasMaps(header([4, 4, 4, 4], [4n]), 3n, 1n)).toBe(true);
  });

  it("wants those of all older snapshots for a diff from nothing", () => {
    expect(hasMaps(header([4, 4, 4]), 3n, undefined)).toBe(true);
    expect(hasMaps(header([4, 4, 4], [1n]), 3n, undefined)).toBe(false);
    expect(hasMaps(header([4, 4, 4], [3n]), 2n, undefined)).toBe(true);
  });

  it("does not go by them where the image was smaller in between than at both ends", () => {
    expect(hasMaps(header([4, 2, 4]), 3n, 1n)).toBe(false);
    expect(hasMaps(header([4, 2, 1]), 3n, 1n)).toBe(true);
    expect(hasMaps(header([1, 2, 4]), 3n, 1n)).toBe(true);
  });

  it("does without an image that has none", () => {
    const features = featureBits(["layering", "exclusive-lock", "object-map"]);
    expect(hasMaps(header([4, 4], [], features), 2n, 1n)).toBe(false);
  });
});
