import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDomainSnapshot, parseDomainSnapshot } from "../../../src/domain-snapshot/index.ts";
import { anySnapshot, errorOf, mirrorSnapshot } from "./support.ts";

const parse = (xml: string | Uint8Array) => parseDomainSnapshot(xml, { allowMirror: true });
const described = (text: string) => `<domainsnapshot><description>${text}</description></domainsnapshot>`;

describe("hostile XML", () => {
  it.each([
    [
      "entities that multiply",
      `<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;"><!ENTITY c "&b;&b;&b;">]>${described("&c;")}`,
    ],
    ["an external entity", `<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>${described("&x;")}`],
    ["an external definition", `<!DOCTYPE domainsnapshot SYSTEM "http://localhost/d.dtd">${described("x")}`],
    ["a definition without use", `<!DOCTYPE domainsnapshot>${described("x")}`],
    ["an undefined entity", described("&nbsp;")],
    ["an undefined entity in an attribute", "<domainsnapshot a='&x;'/>"],
    ["an entity in the name of an object's property", described("&constructor;")],
  ])("with %s is refused and never expanded", (_, xml) => {
    expect(errorOf(() => parse(xml))?.code).toBe("DTD");
  });

  it("beyond the limit is refused, whatever it is", () => {
    const limit = 2 ** 20;
    const full = described("").length;
    expect(parse(described("x".repeat(limit - full))).description).toHaveLength(limit - full);
    for (const text of [
      described("x".repeat(limit - full + 1)),
      "<".repeat(limit + 1),
      "é".repeat(limit / 2 + 1),
    ]) {
      expect(errorOf(() => parse(text))?.code).toBe("TOO_LARGE");
      expect(errorOf(() => parse(Buffer.from(text)))?.code).toBe("TOO_LARGE");
    }
  });

  it.each([257, 5_000, 100_000])("nested %i deep is refused", (depth) => {
    const inside = depth - 2;
    const xml = `<domainsnapshot><domain>${"<a>".repeat(inside)}${"</a>".repeat(inside)}</domain></domainsnapshot>`;
    expect(errorOf(() => parse(xml))?.code).toBe("TOO_DEEP");
    expect(errorOf(() => parse("<a>".repeat(depth)))?.code).toMatch(/TOO_DEEP|NOT_XML/);
  });

  it("nested 256 deep is read", () => {
    const domain = `<domain>${"<a>".repeat(254)}${"</a>".repeat(254)}</domain>`;
    expect(parse(`<domainsnapshot>${domain}</domainsnapshot>`).domain).toBe(domain);
  });

  // Each of these costs a parser quadratic time that is not careful.
  it.each([
    ["carriage returns", "\r"],
    ["references", "&#10;"],
    ["sections", "<![CDATA[\n]]>"],
    ["comments", "<!---->\n"],
    ["instructions", "<?a?>\n"],
    ["astral characters", "😀"],
  ])("of nothing but %s is read in time", (_, piece) => {
    const times = Math.floor((2 ** 20 - 100) / Buffer.byteLength(piece));
    const { description } = parse(described(piece.repeat(times)));
    expect(description).toBe((piece === "😀" ? piece : "\n").repeat(times));
  });
});

describe("encodings", () => {
  const xml = described("é😀");

  it("UTF-8 is read, with and without a byte order mark and a declaration", () => {
    for (const start of [
      "",
      "\ufeff",
      "<?xml version='1.0' encoding='utf-8'?>",
      "\ufeff<?xml version='1.0'?>\r\n",
    ]) {
      expect(parse(start + xml).description).toBe("é😀");
      expect(parse(Buffer.from(start + xml)).description).toBe("é😀");
    }
  });

  it.each<[string, string | Uint8Array]>([
    ["Latin-1", Buffer.from(described("é"), "latin1")],
    ["UTF-16 with a mark", Buffer.from(`\ufeff${xml}`, "utf16le")],
    ["an overlong form", Buffer.concat([Buffer.from("<a>"), Buffer.from([0xc0, 0xbc]), Buffer.from("</a>")])],
    ["half of a surrogate pair", described("\ud83d")],
    ["a declaration of another", `<?xml version='1.0' encoding='ISO-8859-1'?>${xml}`],
    ["a declaration of UTF-16", `<?xml version='1.0' encoding='UTF-16'?>${xml}`],
  ])("%s is refused", (_, input) => {
    expect(errorOf(() => parse(input))?.code).toBe("BAD_ENCODING");
  });

  it.each<[string, string | Uint8Array]>([
    ["UTF-16 without a mark", Buffer.from(described("a"), "utf16le")],
    ["NUL", described("\0")],
    ["a reference to NUL", described("&#0;")],
    ["a reference beyond Unicode", described("&#x110000;")],
    ["nothing", ""],
  ])("%s is no XML", (_, input) => {
    expect(errorOf(() => parse(input))?.code).toBe("NOT_XML");
  });
});

it("line ends are those of XML, as in libvirt's parser", () => {
  const text = mirrorSnapshot.replaceAll("\n", "\r\n");
  expect(parse(text)).toEqual(parse(mirrorSnapshot));
});

const piece = fc.constantFrom(
  ..."<>&'\"/=\0\r\n ",
  "<!DOCTYPE a>",
  "<![CDATA[",
  "]]>",
  "<!--",
  "-->",
  "<?xml version='1.0'?>",
  "&#xD800;",
  "&amp;",
  "<mirror/>",
  "<mirror file='/m'/>",
  "<source/>",
  "</disk>",
  "<disk name='vda'/>",
  " snapshot='no'",
  " type='network'",
  " protocol='rbd'",
  " __proto__='1'",
  "<__proto__/>",
);
const change = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  remove: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 40 })),
  insert: fc.oneof(
    piece.map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes)),
  ),
});

function damage(bytes: Buffer, changes: readonly { at: number; remove: number; insert: Buffer }[]): Buffer {
  return changes.reduce((text, { at, remove, insert }) => {
    const start = Math.floor(at * text.length);
    return Buffer.concat([text.subarray(0, start), insert, text.subarray(start + remove)]);
  }, bytes);
}

it("whatever the damage, a document is refused with the one error, or means what is written of it", () => {
  let refused = 0;
  let read = 0;
  fc.assert(
    fc.property(anySnapshot(), fc.array(change, { minLength: 1, maxLength: 4 }), (snapshot, changes) => {
      const bytes = damage(Buffer.from(formatDomainSnapshot(snapshot)), changes);
      const error = errorOf(() => {
        const found = parse(bytes);
        expect(parse(formatDomainSnapshot(found))).toEqual(found);
      });
      if (error === undefined) read += 1;
      else refused += 1;
    }),
    { numRuns: 400 },
  );
  expect(refused).toBeGreaterThan(50);
  expect(read).toBeGreaterThan(5);
});

it("no text and no bytes make anything but the one error", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary-ascii" }), fc.uint8Array()), (input) => {
      expect(errorOf(() => parse(input))).toBeDefined();
    }),
  );
});
