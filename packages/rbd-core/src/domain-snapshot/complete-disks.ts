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
 * @throws {DomainSnapshotError} `NO_SOURCE` when the domain or the snapshot's name is missing, the disk is neither a file nor
 * an RBD image, or the file so named is the disk's own; `DUPLICATE` when two disks would get the same file
 */
export function completeDisks(snapshot: DomainSnapshot, options: CompleteDisksOptions = {}): DomainSnapshot {
  const domain = snapshot.domain === undefined ? undefined : new DomainDisks(snapshot.domain);
  const disks = snapshot.disks.map((disk): DiskSnapshot => {
    if (disk.snapshot !== "external") return disk;
    const source =
      disk.source ?? options.generateSource?.(disk) ?? generateSource(disk.name, snapshot.name, domain);
    const driverType = disk.driverType ?? (source.type === "file" ? "qcow2" : undefined);
    return { ...disk, source, driverType };
  });
  const completed = { ...snapshot, disks };
  checkDomainSnapshot(completed);
  return completed;
}

function generateSource(
  disk: string,
  snapshot: string | undefined,
  domain: DomainDisks | undefined,
): DiskLocation {
  if (domain === undefined) throw noSource(disk, "the snapshot has no domain");
  const current = domain.location(disk);
  if (current.type === "rbd") return current;
  if (snapshot === undefined || snapshot.includes("/")) {
    throw noSource(disk, "the snapshot has no name that could be part of a file's name");
  }
  const file = `${current.file.replace(/\.[^./]*$/, "")}.${snapshot}`;
  if (file === current.file) throw noSource(disk, `${file} is the disk's own file`);
  return { type: "file", file };
}

/** The disks of a domain, by target and by file. */
class DomainDisks {
  readonly #xml: XmlSource;
  readonly #devices = new Map<string, XmlElement>();

  constructor(domain: string) {
    this.#xml = readFragment(domain, "domain");
    for (const device of within(this.#xml.root, "devices").flatMap((list) => within(list, "disk"))) {
      const names = [
        ...within(device, "target").map(({ attributes }) => attributes.dev),
        ...within(device, "source").map(({ attributes }) => attributes.file),
      ];
      for (const name of names) if (name !== undefined) this.#devices.set(name, device);
    }
  }

  /** Where the domain has this disk now. */
  location(disk: string): DiskLocation {
    const device = this.#devices.get(disk);
    if (device === undefined) throw noSource(disk, "the domain has no such disk");
    return readLocation(this.#xml, device, disk);
  }
}

function readLocation(xml: XmlSource, device: XmlElement, disk: string): DiskLocation {
  const { type = "file" } = device.attributes;
  const [source] = within(device, "source");
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
