import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseXml, XmlElement, XmlText } from "@rgrove/parse-xml";
import fc from "fast-check";
import {
  type DiskLocation,
  type DiskSnapshot,
  type DomainSnapshot,
  DomainSnapshotError,
} from "../../../src/domain-snapshot/index.ts";

/**
 * The two documents of libvirt's patch for mirrored snapshots (libvir-list, 2012, "snapshot: allow for creation of mirrored
 * snapshots"): a request, and the snapshot that libvirt makes of it.
 */
export const mirrorRequest = readFileSync(join(import.meta.dirname, "mirror-request.xml"), "utf8");
export const mirrorSnapshot = readFileSync(join(import.meta.dirname, "mirror-snapshot.xml"), "utf8");

/** The document as plain data: without comments, indentation, kinds of quotes and the order of attributes. */
export function asData(xml: string): unknown {
  const data = (element: XmlElement): unknown => ({
    name: element.name,
    attributes: { ...element.attributes },
    children: element.children.flatMap((node) => {
      if (node instanceof XmlElement) return [data(node)];
      return node instanceof XmlText && node.text.trim() !== "" ? [node.text] : [];
    }),
  });
  const { root } = parseXml(xml);
  return root && data(root);
}

/** The error that `work` throws; undefined when it throws none. Anything but a DomainSnapshotError is thrown on. */
export function errorOf(work: () => unknown): DomainSnapshotError | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof DomainSnapshotError) return error;
    throw error;
  }
}

const xmlCharacter = fc
  .oneof(
    fc.constantFrom(..."<>&'\"\t\n\r ]-!?;#"),
    fc.integer({ min: 0x20, max: 0x10ffff }).map((code) => String.fromCodePoint(code)),
  )
  .filter((character) => /^[\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]$/u.test(character));
const anyText = fc.string({ unit: xmlCharacter, maxLength: 20 });
const someText = fc.string({ unit: xmlCharacter, minLength: 1, maxLength: 20 });
const path = anyText.map((text) => `/images/${text.replace(/[\n\r]/g, "_")}`);
const word = fc.stringMatching(/^[a-z][a-z0-9_+-]{0,8}$/);

const rbd = fc.record({
  type: fc.constant("rbd" as const),
  image: fc.array(word, { minLength: 2, maxLength: 3 }).map((parts) => parts.join("/")),
  hosts: fc.array(
    fc.record({
      // libvirt's schema knows few of the ways to write an IPv6 address that ends in an IPv4 address.
      name: fc.oneof(
        fc.ipV4(),
        fc.ipV6().filter((address) => !address.includes(".")),
        fc.domain(),
      ),
      port: fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined }),
    }),
    { maxLength: 3 },
  ),
  config: fc.option(path, { nil: undefined }),
  auth: fc.option(
    fc.record({
      username: word,
      secret: fc.oneof(
        fc.uuid().map((uuid) => ({ uuid })),
        someText.map((text) => ({ usage: text.replace(/[\n\r/]/g, "_") })),
      ),
    }),
    { nil: undefined },
  ),
});
const location: fc.Arbitrary<DiskLocation> = fc.oneof(
  path.map((file) => ({ type: "file" as const, file })),
  rbd,
);
const optional = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: undefined });

/** Any snapshot that can be written. */
export function anySnapshot(): fc.Arbitrary<DomainSnapshot> {
  const disk: fc.Arbitrary<DiskSnapshot> = fc.oneof(
    fc.record({
      name: fc.stringMatching(/^[vsh]d[a-z]$/),
      snapshot: fc.constantFrom("no", "internal", "manual", undefined),
      driverType: fc.constant(undefined),
      source: fc.constant(undefined),
      mirror: fc.constant(undefined),
    }),
    fc.record({
      name: fc.stringMatching(/^[vsh]d[a-z]$/),
      snapshot: fc.constant("external" as const),
      driverType: fc.constantFrom("qcow2", "qed", undefined),
      source: optional(location),
      mirror: optional(location),
    }),
  );
  return fc.record({
    name: optional(someText),
    description: optional(anyText),
    state: fc.constantFrom("running", "shutoff", "disk-snapshot", undefined),
    creationTime: optional(fc.nat()),
    parent: optional(someText),
    memory: optional(
      fc.oneof(
        fc.constantFrom({ snapshot: "no" as const }, { snapshot: "internal" as const }),
        path.map((file) => ({ snapshot: "external" as const, file })),
      ),
    ),
    disks: fc.uniqueArray(disk, { selector: ({ name }) => name, maxLength: 4 }).filter((disks) => {
      const places = disks
        .flatMap(({ source, mirror }) => [source, mirror])
        .filter((place) => place !== undefined);
      return new Set(places.map((place) => JSON.stringify(place))).size === places.length;
    }),
    domain: optional(fc.constantFrom(...domains)),
    inactiveDomain: fc.constant(undefined),
    active: optional(fc.boolean()),
    cookie: optional(fc.constantFrom("<cookie/>", "<cookie><!-- a --><cpu><![CDATA[<&]]></cpu></cookie>")),
  });
}

const domains = [
  "<domain><uuid>3f0c6a1e-52d7-4c7b-9a36-0e8d4b1f7c25</uuid></domain>",
  mirrorSnapshot
    .slice(mirrorSnapshot.indexOf("<domain "), mirrorSnapshot.lastIndexOf("</domainsnapshot>"))
    .trim(),
];
