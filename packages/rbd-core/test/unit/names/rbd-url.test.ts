import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nameProblem } from "../../../src/names/name-part.ts";
import { formatRbdUrl, parseRbdUrl, type RbdUrl, toRbdUrl } from "../../../src/names/rbd-url.ts";

const fsid = "3f6d3c1e-6a3e-4c0e-9d3a-0b7a6d5a1f11";

const part = (kind: "pool" | "image" | "snapshot") =>
  fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 30 })
    .filter((name) => nameProblem(kind, name) === undefined);

const urls: fc.Arbitrary<RbdUrl> = fc.record({
  fsid: fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }).filter((text) => text.isWellFormed()),
  pool: part("pool"),
  image: part("image"),
  snapshot: part("snapshot"),
});

describe("parseRbdUrl", () => {
  it.each<[string, RbdUrl]>([
    [`rbd://${fsid}/images/cirros/snap`, { fsid, pool: "images", image: "cirros", snapshot: "snap" }],
    [`rbd://${fsid}/my%20pool/100%25/snap`, { fsid, pool: "my pool", image: "100%", snapshot: "snap" }],
    [`rbd://${fsid}/p/a+b/s%20p`, { fsid, pool: "p", image: "a+b", snapshot: "s p" }],
    [`rbd://${fsid}/%D0%BF/i/s`, { fsid, pool: "п", image: "i", snapshot: "s" }],
  ])("reads %s", (text, url) => {
    expect(parseRbdUrl(text)).toEqual(url);
  });

  it.each([
    ["", "it does not start with rbd://"],
    ["http://fsid/pool/image/snap", "it does not start with rbd://"],
    ["RBD://fsid/pool/image/snap", "it does not start with rbd://"],
    ["rbd://", "it has 1 part where four are needed"],
    ["rbd://image", "it has 1 part where four are needed"],
    ["rbd://fsid/pool/image", "it has 3 parts where four are needed"],
    ["rbd://fsid/pool/namespace/image/snap", "it has 5 parts where four are needed"],
    ["rbd://fsid/pool/image/snap/", "it has 5 parts where four are needed"],
    ["rbd:///pool/image/snap", "the fsid is empty"],
    ["rbd://fsid//image/snap", "the pool name is empty"],
    ["rbd://fsid/pool//snap", "the image name is empty"],
    ["rbd://fsid/pool/image/", "the snapshot name is empty"],
    ["rbd://fsid/pool/im%ZZage/snap", '"im%ZZage" is not percent-encoded UTF-8'],
    ["rbd://fsid/pool/image/%FF", '"%FF" is not percent-encoded UTF-8'],
    ["rbd://fsid/pool/a%2Fb/snap", 'the image name contains "/"'],
    ["rbd://fsid/pool/a%40b/snap", 'the image name contains "@"'],
    ["rbd://fsid/pool/a%00/snap", "the image name contains the control character U+0000"],
  ])("refuses %j", (text, problem) => {
    expect(() => parseRbdUrl(text)).toThrow(
      expect.objectContaining({
        code: "INVALID_NAME",
        object: text,
        message: expect.stringContaining(`is not the URL of a snapshot: ${problem}`),
      }),
    );
  });

  it("is the inverse of formatRbdUrl", () => {
    fc.assert(
      fc.property(urls, (url) => {
        expect(parseRbdUrl(formatRbdUrl(url))).toEqual(url);
      }),
    );
  });
});

describe("formatRbdUrl", () => {
  it("leaves nothing but unreserved characters and the slashes between the parts", () => {
    fc.assert(
      fc.property(urls, (url) => {
        const parts = formatRbdUrl(url).slice("rbd://".length).split("/");
        expect(parts).toHaveLength(4);
        for (const text of parts) expect(text).toMatch(/^([A-Za-z0-9._~-]|%[0-9A-F]{2})+$/);
      }),
    );
  });

  it.each<[Partial<RbdUrl>, string]>([
    [{ fsid: "" }, "cannot be the fsid"],
    [{ fsid: "\ud800" }, "cannot be the fsid"],
    [{ pool: "" }, "the pool name is empty"],
    [{ image: "a/b" }, 'the image name contains "/"'],
    [{ snapshot: "a@b" }, 'the snapshot name contains "@"'],
  ])("refuses %j", (wrong, message) => {
    const url = { fsid, pool: "p", image: "i", snapshot: "s", ...wrong };
    expect(() => formatRbdUrl(url)).toThrow(
      expect.objectContaining({ code: "INVALID_NAME", message: expect.stringContaining(message) }),
    );
  });
});

describe("toRbdUrl", () => {
  it("names a snapshot of this cluster", () => {
    const spec = { pool: "p", namespace: "", image: "i", snapshot: "s" };
    expect(toRbdUrl(fsid, spec)).toBe(`rbd://${fsid}/p/i/s`);
  });

  it("has nothing to say of an image in a namespace", () => {
    expect(toRbdUrl(fsid, { pool: "p", namespace: "n", image: "i", snapshot: "s" })).toBeNull();
  });

  it("refuses an image without a snapshot", () => {
    expect(() => toRbdUrl(fsid, { pool: "p", namespace: "", image: "i" })).toThrow(
      expect.objectContaining({ code: "INVALID_NAME" }),
    );
  });
});
