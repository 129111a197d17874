import type { XmlElement } from "@rgrove/parse-xml";
import { quoted } from "../names/index.ts";
import {
  checkDomainSnapshot,
  type DiskLocation,
  type DiskSnapshot,
  type DomainSnapshot,
} from "./domain-snapshot.ts";
import { DomainSnapshotError } from "./domain-snapshot-error.ts";
import { readAuth, readFragment, readRbdLocation } from "./parse-domain-snapshot.ts";
import type { XmlSource } from "./xml.ts";

export interface CompleteDisksOptions {
  /** Generates the source of a disk instead of the rule. `undefined` leaves the disk to the rule. */
  generateSource?: ((disk: DiskSnapshot) => DiskLocation | undefined) | undefined;
}

/**
 * Gives every disk with an external snapshot what its request left out, from the disk in the embedded domain:
 * - a source. For a file it is the disk's file with the snapshot's name in place of its suffix, as libvirt generates
 *   it. For an RBD image it is that image: Ceph keeps snapshots inside the image, so the machine goes on writing to it.
 * - the driver type `qcow2` for a file, libvirt's default.
 *
 * @throws {DomainSnapshotError} `NO_SOURCE` when the domain or the snapshot's name is missing, or the disk is neither a file
 * nor an RBD image
 */
export function completeDisks(snapshot: DomainSnapshot, options: CompleteDisksOptions = {}): DomainSnapshot {
  const disks = snapshot.disks.map((disk): DiskSnapshot => {
    if (disk.snapshot !== "external") return disk;
    const source = disk.source ?? options.generateSource?.(disk) ?? generateSource(snapshot, disk.name);
    const driverType = disk.driverType ?? (source.type === "file" ? "qcow2" : undefined);
    return { ...disk, source, driverType };
  });
  const completed = { ...snapshot, disks };
  checkDomainSnapshot(completed);
  return completed;
}

function generateSource({ name, domain }: DomainSnapshot, disk: string): DiskLocation {
  if (domain === undefined) throw noSource(disk, "the snapshot has no domain");
  const current = findLocation(domain, disk);
  if (current.type === "rbd") return current;
  if (name === undefined || name.includes("/")) throw noSource(disk, "the snapshot has no name for a file");
  return { type: "file", file: `${current.file.replace(/\.[^./]*$/, "")}.${name}` };
}

/** Where the domain has this disk now. */
function findLocation(domain: string, disk: string): DiskLocation {
  const xml = readFragment(domain, "domain");
  const devices = within(xml.root, "devices").flatMap((list) => within(list, "disk"));
  for (const device of devices) {
    const [source] = within(device, "source");
    const isNamed = within(device, "target").some(({ attributes }) => attributes.dev === disk);
    if (isNamed || (source !== undefined && source.attributes.file === disk)) {
      return readLocation(xml, device, source, disk);
    }
  }
  throw noSource(disk, "the domain has no such disk");
}

function readLocation(
  xml: XmlSource,
  device: XmlElement,
  source: XmlElement | undefined,
  disk: string,
): DiskLocation {
  const { type = "file" } = device.attributes;
  if (source === undefined) throw noSource(disk, "the disk has no source in the domain");
  if (type === "network") {
    const location = readRbdLocation(xml, source, disk);
    const [auth] = within(device, "auth");
    return location.auth === undefined && auth ? { ...location, auth: readAuth(xml, auth, disk) } : location;
  }
  const { file } = source.attributes;
  if (type === "file" && file !== undefined) return { type: "file", file };
  throw noSource(disk, `the disk is of the type ${type} in the domain`);
}

function within(element: XmlElement, name: string): XmlElement[] {
  return element.children.filter(
    (node) => "name" in node && "children" in node && node.name === name,
  ) as XmlElement[];
}

function noSource(disk: string, problem: string): DomainSnapshotError {
  return new DomainSnapshotError({
    code: "NO_SOURCE",
    disk,
    problem: `no source can be generated for ${quoted(disk)}: ${problem}`,
    hint: "State the source.",
  });
}
