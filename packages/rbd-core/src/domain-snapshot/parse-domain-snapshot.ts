import type { XmlElement } from "@rgrove/parse-xml";
import { quoted } from "../names/index.ts";
import {
  checkDomainSnapshot,
  type DiskLocation,
  type DiskSnapshot,
  type DomainSnapshot,
  type MemorySnapshot,
  type RbdAuth,
  type RbdHost,
  type RbdLocation,
} from "./domain-snapshot.ts";
import { DomainSnapshotError } from "./domain-snapshot-error.ts";
import { XmlSource } from "./xml.ts";

export interface ParseDomainSnapshotOptions {
  /** Whether a disk may have a mirror. Without this a mirror is refused and not ignored. Default: false. */
  allowMirror?: boolean | undefined;
}

/**
 * Parses libvirt's `<domainsnapshot>`. A disk with a source, a driver or a mirror and no word about its snapshot gets an
 * external one. Elements and attributes that are not known are refused, since a snapshot made without heeding them could
 * be another than the one that was asked for. Comments are dropped, except those in the embedded domain.
 *
 * Source: libvirt's `domainsnapshot.rng` and `formatsnapshot.html`. The inverse of `formatDomainSnapshot`.
 *
 * @param xml text, or bytes of UTF-8, of at most 1 MiB
 * @throws {DomainSnapshotError} and nothing else, whatever the input
 *
 * @example
 * const snapshot = parseDomainSnapshot(
 *   `<domainsnapshot>
 *      <name>move</name>
 *      <disks>
 *        <disk name='vda'><mirror protocol='rbd' name='fast/vm-1'/></disk>
 *      </disks>
 *    </domainsnapshot>`,
 *   { allowMirror: true },
 * );
 * snapshot.disks[0]; // { name: "vda", snapshot: "external", mirror: { type: "rbd", image: "fast/vm-1", hosts: [] } }
 */
export function parseDomainSnapshot(
  xml: string | Uint8Array,
  options: ParseDomainSnapshotOptions = {},
): DomainSnapshot {
  const source = new XmlSource(xml);
  const { root } = source;
  if (root.name !== "domainsnapshot") {
    const problem = `the document is <${root.name}> and not <domainsnapshot>`;
    throw source.error("UNEXPECTED_CONTENT", root, problem);
  }
  source.attributes(root, []);
  const found = source.elementsByName(root, [
    "name",
    "description",
    "state",
    "creationTime",
    "parent",
    "memory",
    "disks",
    "domain",
    "inactiveDomain",
    "active",
    "cookie",
  ]);
  const text = (element: XmlElement | undefined) => element && source.onlyText(element);
  const verbatim = (element: XmlElement | undefined) => element && source.textOf(element);
  const snapshot: DomainSnapshot = {
    name: text(found.name),
    description: text(found.description),
    // The value is checked below.
    state: text(found.state) as DomainSnapshot["state"],
    creationTime: found.creationTime && wholeNumber(source, found.creationTime),
    parent: found.parent && readParent(source, found.parent),
    memory: found.memory && readMemory(source, found.memory),
    disks: found.disks ? readDisks(source, found.disks, options.allowMirror ?? false) : [],
    domain: verbatim(found.domain),
    inactiveDomain: verbatim(found.inactiveDomain),
    active: found.active && readActive(source, found.active),
    cookie: verbatim(found.cookie),
  };
  checkDomainSnapshot(snapshot);
  return snapshot;
}

function wholeNumber(source: XmlSource, element: XmlElement): number {
  const text = source.onlyText(element);
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw source.error("BAD_VALUE", element, `<${element.name}> is ${quoted(text)}, which is no whole number`);
}

function readActive(source: XmlSource, element: XmlElement): boolean {
  const text = source.onlyText(element);
  if (text === "0" || text === "1") return text === "1";
  throw source.error("BAD_VALUE", element, `<active> is ${quoted(text)} and neither 0 nor 1`);
}

function readParent(source: XmlSource, element: XmlElement): string {
  source.attributes(element, []);
  const { name } = source.elementsByName(element, ["name"]);
  if (name === undefined) throw source.error("MISSING_VALUE", element, "the parent has no name");
  return source.onlyText(name);
}

function readMemory(source: XmlSource, element: XmlElement): MemorySnapshot {
  const { snapshot, file } = source.attributes(element, ["snapshot", "file"]);
  source.elements(element, []);
  if (snapshot === "external" || snapshot === undefined) {
    if (file !== undefined) return { snapshot: "external", file };
    throw source.error("MISSING_VALUE", element, "an external snapshot of the memory requires a file");
  }
  if (snapshot !== "no" && snapshot !== "internal") {
    throw source.error("BAD_VALUE", element, `the memory's snapshot is ${quoted(snapshot)}`);
  }
  if (file === undefined) return { snapshot };
  throw source.error("SOURCE_NOT_EXTERNAL", element, "the memory's file requires an external snapshot");
}

function readDisks(source: XmlSource, element: XmlElement, allowMirror: boolean): DiskSnapshot[] {
  source.attributes(element, []);
  return source.elements(element, ["disk"]).map((disk) => readDisk(source, disk, allowMirror));
}

function readDisk(source: XmlSource, element: XmlElement, allowMirror: boolean): DiskSnapshot {
  const { name, type = "file", snapshot } = source.attributes(element, ["name", "type", "snapshot"]);
  if (name === undefined) throw source.error("MISSING_VALUE", element, "a disk has no name");
  const found = source.elementsByName(element, ["driver", "source", "mirror"], name);
  if (type !== "file" && type !== "network") {
    throw source.error("BAD_VALUE", element, `the type of ${quoted(name)} is ${quoted(type)}`, {
      disk: name,
      hint: "Only files, and RBD images as type='network', are known here.",
    });
  }
  const driverType = found.driver && readDriverType(source, found.driver, name);
  const location = found.source && readSource(source, found.source, type, name);
  if (type === "network" && location === undefined) {
    throw source.error("MISSING_VALUE", element, `${quoted(name)} has the type network and no source`, {
      disk: name,
    });
  }
  const mirror = found.mirror && readMirror(source, found.mirror, allowMirror, name);
  const isExternal = location !== undefined || driverType !== undefined || mirror !== undefined;
  return {
    name,
    // The values are checked with the whole document.
    snapshot: (snapshot ?? (isExternal ? "external" : undefined)) as DiskSnapshot["snapshot"],
    driverType: driverType as DiskSnapshot["driverType"],
    source: location,
    mirror,
  };
}

function readDriverType(source: XmlSource, element: XmlElement, disk: string): string | undefined {
  source.elements(element, [], disk);
  return source.attributes(element, ["type"], disk).type;
}

/** `undefined` for an empty `<source/>`, which libvirt takes for a missing one. */
function readSource(
  source: XmlSource,
  element: XmlElement,
  type: "file" | "network",
  disk: string,
): DiskLocation | undefined {
  if (type === "network") return readRbdLocation(source, element, disk);
  source.elements(element, [], disk);
  const { file } = source.attributes(element, ["file"], disk);
  return file === undefined ? undefined : { type: "file", file };
}

function readMirror(
  source: XmlSource,
  element: XmlElement,
  allowMirror: boolean,
  disk: string,
): DiskLocation {
  if (!allowMirror) {
    throw source.error("MIRROR_NOT_ALLOWED", element, `the mirror for ${quoted(disk)} is not allowed here`, {
      disk,
    });
  }
  const { file, protocol, name } = element.attributes;
  if (file === undefined && name === undefined) {
    throw source.error(
      "MIRROR_WITHOUT_NAME",
      element,
      `the mirror for ${quoted(disk)} requires the attribute file, or protocol and name`,
      { disk },
    );
  }
  if (protocol !== undefined || file === undefined) return readRbdLocation(source, element, disk);
  source.attributes(element, ["file"], disk);
  source.elements(element, [], disk);
  return { type: "file", file };
}

/**
 * Reads a `<source>` or `<mirror>` that is an RBD image. Its `index`, a number that libvirt gives to the sources of a running
 * domain, is not kept.
 *
 * @throws {DomainSnapshotError} for any other protocol, and for what the image would be misread without: encryption, a snapshot
 */
export function readRbdLocation(source: XmlSource, element: XmlElement, disk: string): RbdLocation {
  const { protocol, name } = source.attributes(element, ["protocol", "name", "index"], disk);
  if (protocol !== "rbd") {
    const problem = `the <${element.name}> of ${quoted(disk)} has the protocol ${quoted(protocol ?? "")} and not rbd`;
    throw source.error("BAD_VALUE", element, problem, { disk });
  }
  if (name === undefined) {
    throw source.error("MISSING_VALUE", element, `the <${element.name}> of ${quoted(disk)} has no name`, {
      disk,
    });
  }
  const children = source.elements(element, ["host", "config", "auth"], disk);
  const hosts = children.filter((child) => child.name === "host");
  const [config, auth] = ["config", "auth"].map((kind) => {
    const [first, second] = children.filter((child) => child.name === kind);
    if (second === undefined) return first;
    throw source.error("DUPLICATE", second, `<${element.name}> holds <${kind}> twice`, { disk });
  });
  return {
    type: "rbd",
    image: name,
    hosts: hosts.map((host) => readHost(source, host, disk)),
    config: config && readConfig(source, config, disk),
    auth: auth && readAuth(source, auth, disk),
  };
}

function readHost(source: XmlSource, element: XmlElement, disk: string): RbdHost {
  source.elements(element, [], disk);
  const { name, port } = source.attributes(element, ["name", "port"], disk);
  if (name === undefined) throw source.error("MISSING_VALUE", element, "a host has no name", { disk });
  if (port === undefined) return { name };
  if (/^\d{1,5}$/.test(port)) return { name, port: Number(port) };
  throw source.error("BAD_VALUE", element, `the port ${quoted(port)} is no number`, { disk });
}

function readConfig(source: XmlSource, element: XmlElement, disk: string): string {
  source.elements(element, [], disk);
  const { file } = source.attributes(element, ["file"], disk);
  if (file !== undefined) return file;
  throw source.error("MISSING_VALUE", element, "<config> has no file", { disk });
}

/** Reads an `<auth>`, which stands in the source, or in older domains beside it. */
export function readAuth(source: XmlSource, element: XmlElement, disk: string): RbdAuth {
  const { username } = source.attributes(element, ["username"], disk);
  const { secret } = source.elementsByName(element, ["secret"], disk);
  if (username === undefined || secret === undefined) {
    throw source.error("MISSING_VALUE", element, "<auth> has no user name or no secret", { disk });
  }
  source.elements(secret, [], disk);
  const { type, uuid, usage } = source.attributes(secret, ["type", "uuid", "usage"], disk);
  if (type !== "ceph") {
    throw source.error("BAD_VALUE", secret, `the secret has the type ${quoted(type ?? "")} and not ceph`, {
      disk,
    });
  }
  if (uuid !== undefined && usage === undefined) return { username, secret: { uuid } };
  if (usage !== undefined && uuid === undefined) return { username, secret: { usage } };
  throw source.error("MISSING_VALUE", secret, "a secret is named by its uuid or by its usage", { disk });
}

/**
 * Reads an element that is kept as XML, such as the domain of a snapshot.
 *
 * @throws {DomainSnapshotError} unless it is one well-formed element of that name
 */
export function readFragment(xml: string, name: string): XmlSource {
  const source = new XmlSource(xml);
  if (source.root.name === name) return source;
  const problem = `the ${name} is given as <${source.root.name}>`;
  throw new DomainSnapshotError({ code: "UNEXPECTED_CONTENT", problem });
}
