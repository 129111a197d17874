import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CoppiceError } from "../../../src/errors/coppice-error.ts";
import {
  formatImageSpec,
  type ImageSpec,
  parseImageSpec,
  toImageOnly,
  toImageSpec,
} from "../../../src/names/image-spec.ts";
import { longestName, nameProblem } from "../../../src/names/name-part.ts";

const part = (forbidden: string) =>
  fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 40 })
    .filter((name) => nameProblem("pool", name) === undefined)
    .filter((name) => ![...forbidden].some((character) => name.includes(character)));

const specs: fc.Arbitrary<ImageSpec> = fc
  .record({
    pool: part("/"),
    namespace: fc.oneof(fc.constant(""), part("/@")),
    image: part("/@"),
    snapshot: fc.option(part("/@"), { nil: undefined }),
  })
  .map(({ snapshot, ...rest }) => (snapshot === undefined ? rest : { ...rest, snapshot }));

function refusal(action: () => unknown): CoppiceError {
  try {
    action();
  } catch (error) {
    if (error instanceof CoppiceError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("parseImageSpec", () => {
  it.each<[string, ImageSpec]>([
    ["rbd/vm-1", { pool: "rbd", namespace: "", image: "vm-1" }],
    ["rbd/vm-1@monday", { pool: "rbd", namespace: "", image: "vm-1", snapshot: "monday" }],
    ["rbd/tenant/vm-1", { pool: "rbd", namespace: "tenant", image: "vm-1" }],
    ["rbd/tenant/vm-1@m o", { pool: "rbd", namespace: "tenant", image: "vm-1", snapshot: "m o" }],
    ["a@b/vm-1@s", { pool: "a@b", namespace: "", image: "vm-1", snapshot: "s" }],
    ["пул/образ", { pool: "пул", namespace: "", image: "образ" }],
  ])("reads %s", (text, spec) => {
    expect(parseImageSpec(text)).toEqual(spec);
  });

  it.each([
    ["", "it is empty"],
    ["vm-1", "the pool is missing"],
    ["vm-1@snap", "the pool is missing"],
    ["/vm-1", "the pool name is empty"],
    ["rbd/", "the image name is empty"],
    ["rbd//vm-1", "the namespace name is empty"],
    ["rbd/ns/", "the image name is empty"],
    ["rbd/@snap", "the image name is empty"],
    ["rbd/vm-1@", "the snapshot name is empty"],
    ["rbd/vm-1@a@b", 'the snapshot name contains "@"'],
    ["rbd/n@s/vm-1", 'the namespace name contains "@"'],
    ["rbd/a/b/c", "it has 3 slashes, at most two are possible"],
    ["rbd/vm@a/b", 'the namespace name contains "@"'],
    ["rbd/vm\n1", "the image name contains the control character U+000A"],
    ["rbd/vm\u0000", "the image name contains the control character U+0000"],
    ["rbd/vm\u0085", "the image name contains the control character U+0085"],
    ["rbd/vm\ud800", "the image name has half of a surrogate pair, which UTF-8 cannot hold"],
    [`rbd/${"x".repeat(2042)}`, "the image name has 2042 bytes, more than the 2041 allowed"],
    [`rbd/${"é".repeat(1021)}`, "the image name has 2042 bytes, more than the 2041 allowed"],
    [`rbd/${"n".repeat(257)}/i`, "the namespace name has 257 bytes, more than the 256 allowed"],
  ])("refuses %j: %s", (text, reason) => {
    const error = refusal(() => parseImageSpec(text));
    expect(error.code).toBe("INVALID_NAME");
    expect(error.message).toContain(`does not name an image: ${reason}.`);
    expect(error.hint).toMatch(/^Write pool/);
    expect(error.object).toBe(text);
  });

  it("takes names of exactly the longest length", () => {
    const text = `rbd/${"n".repeat(longestName.namespace)}/${"i".repeat(longestName.image)}`;
    expect(formatImageSpec(parseImageSpec(text))).toBe(text);
  });
});

describe("round trip", () => {
  it("parse(format(spec)) is the spec", () => {
    fc.assert(
      fc.property(specs, (spec) => {
        expect(parseImageSpec(formatImageSpec(spec))).toEqual(spec);
      }),
    );
  });

  it("any text is either refused by INVALID_NAME or format(parse(text)) is the text", () => {
    const pieces = fc.constantFrom("/", "@", "a", "é", "rbd", "\n", " ", "\ud800", "//", "@@", "-1");
    const texts = fc.oneof(
      fc.string(),
      fc.array(pieces, { maxLength: 8 }).map((all) => all.join("")),
    );
    fc.assert(
      fc.property(texts, (text) => {
        let spec: ImageSpec;
        try {
          spec = parseImageSpec(text);
        } catch (error) {
          expect(error).toBeInstanceOf(CoppiceError);
          expect((error as CoppiceError).code).toBe("INVALID_NAME");
          return;
        }
        expect(formatImageSpec(spec)).toBe(text);
      }),
      { numRuns: 2000 },
    );
  });

  it("format refuses what would read back as something else", () => {
    const spec = { pool: "rbd", namespace: "", image: "a/b" };
    expect(refusal(() => formatImageSpec(spec)).message).toBe(
      '"a/b" cannot be the name of an image: the image name contains "/"',
    );
  });
});

describe("toImageSpec", () => {
  it("takes parts that no text can express", () => {
    const spec = { pool: "rbd", namespace: "", image: "odd/name@x" };
    expect(toImageSpec(spec)).toEqual(spec);
  });

  it("refuses NUL, nothing, and a snapshot where an image is needed", () => {
    expect(refusal(() => toImageSpec({ pool: "", namespace: "", image: "a" })).code).toBe("INVALID_NAME");
    expect(refusal(() => toImageSpec({ pool: "p", namespace: "", image: "a\0" })).code).toBe("INVALID_NAME");
    expect(refusal(() => toImageOnly("rbd/a@s")).message).toContain(
      "names a snapshot where an image is needed",
    );
    expect(toImageOnly("rbd/a")).toEqual({ pool: "rbd", namespace: "", image: "a" });
  });
});
