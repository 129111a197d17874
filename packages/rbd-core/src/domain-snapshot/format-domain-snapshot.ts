import {
  checkDomainSnapshot,
  type DiskLocation,
  type DiskSnapshot,
  type DomainSnapshot,
} from "./domain-snapshot.ts";
import { readFragment } from "./parse-domain-snapshot.ts";
import { checkSize } from "./xml.ts";

/**
 * Writes a `<domainsnapshot>` as libvirt does: two spaces for each level, single quotes, the embedded domain unchanged.
 * libvirt's own schema accepts it, except for mirrors, which released versions of libvirt do not know, and for what libvirt
 * reads although its schema does not have it: a driver for an RBD image, a Ceph user with a dot, and some ways to write an
 * IPv6 address.
 *
 * The inverse of `parseDomainSnapshot`, which reads from the text what was written here.
 *
 * @throws {DomainSnapshotError} for whatever `parseDomainSnapshot` would refuse
 */
export function formatDomainSnapshot(snapshot: DomainSnapshot): string {
  checkDomainSnapshot(snapshot);
  const { name, description, state, creationTime, parent, memory, disks, active } = snapshot;
  const children: Node[] = [];
  const add = (kind: string, text: string | undefined) => {
    if (text !== undefined) children.push({ name: kind, content: text });
  };
  add("name", name);
  add("description", description);
  add("state", state);
  if (parent !== undefined) children.push({ name: "parent", content: [{ name: "name", content: parent }] });
  add("creationTime", creationTime?.toString());
  if (memory !== undefined) children.push({ name: "memory", attributes: { ...memory } });
  if (disks.length > 0) children.push({ name: "disks", content: disks.map(diskNode) });
  for (const kind of ["domain", "inactiveDomain"] as const) children.push(...fragment(kind, snapshot[kind]));
  add("active", active === undefined ? undefined : active ? "1" : "0");
  children.push(...fragment("cookie", snapshot.cookie));
  const xml = write({ name: "domainsnapshot", content: children });
  checkSize(Buffer.byteLength(xml));
  return xml;
}

function diskNode({ name, snapshot, driverType, source, mirror }: DiskSnapshot): Node {
  const type = source?.type === "rbd" ? "network" : undefined;
  const content: Node[] = [];
  if (driverType !== undefined) content.push({ name: "driver", attributes: { type: driverType } });
  if (source !== undefined) content.push(locationNode("source", source));
  if (mirror !== undefined) content.push(locationNode("mirror", mirror));
  return { name: "disk", attributes: { name, snapshot, type }, content };
}

function locationNode(kind: "source" | "mirror", location: DiskLocation): Node {
  if (location.type === "file") return { name: kind, attributes: { file: location.file } };
  const { image, hosts, config, auth } = location;
  const content: Node[] = hosts.map(({ name, port }) => ({
    name: "host",
    attributes: { name, port: port?.toString() },
  }));
  if (config !== undefined) content.push({ name: "config", attributes: { file: config } });
  if (auth !== undefined) {
    const secret = { name: "secret", attributes: { type: "ceph", ...auth.secret } };
    content.push({ name: "auth", attributes: { username: auth.username }, content: [secret] });
  }
  return { name: kind, attributes: { protocol: "rbd", name: image }, content };
}

/** What is kept as XML goes in as it is, without what may stand around the element. */
function fragment(name: string, xml: string | undefined): Node[] {
  if (xml === undefined) return [];
  const source = readFragment(xml, name);
  return [{ xml: source.textOf(source.root) }];
}

type Node =
  | { xml: string }
  | {
      name: string;
      attributes?: { readonly [name: string]: string | undefined };
      content?: string | readonly Node[];
    };

function write(node: Node, indent = ""): string {
  if ("xml" in node) return `${indent}${node.xml}\n`;
  const { name, attributes = {}, content = [] } = node;
  const tag = Object.entries(attributes).reduce(
    (text, [key, value]) =>
      value === undefined ? text : `${text} ${key}='${escapeText(value, /[&<>'"\t\n\r]/g)}'`,
    `${indent}<${name}`,
  );
  if (typeof content === "string") return `${tag}>${escapeText(content, /[&<>\r]/g)}</${name}>\n`;
  if (content.length === 0) return `${tag}/>\n`;
  return `${tag}>\n${content.map((child) => write(child, `${indent}  `)).join("")}${indent}</${name}>\n`;
}

const entities: { readonly [character: string]: string } = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "'": "&apos;",
  '"': "&quot;",
};

/** White space other than the space is written as a reference, because a parser would change it otherwise. */
function escapeText(text: string, special: RegExp): string {
  return text.replace(special, (character) => entities[character] ?? `&#${character.charCodeAt(0)};`);
}
