import { isIP } from "node:net";
import { parseImageSpec, quoted } from "../names/index.ts";
import { DomainSnapshotError } from "./domain-snapshot-error.ts";

export const domainSnapshotStates = [
  "running",
  "blocked",
  "paused",
  "shutdown",
  "shutoff",
  "crashed",
  "disk-snapshot",
] as const;

export const diskSnapshotModes = ["no", "internal", "external", "manual"] as const;

/** The formats of a file with a backing file. An RBD image has none of them: its snapshot states no driver. */
export const snapshotDriverTypes = ["cow", "qcow", "qcow2", "qed", "vmdk"] as const;

/**
 * libvirt's `<domainsnapshot>`: a snapshot of a virtual machine, as a request or as libvirt keeps it. What is `undefined`
 * is not in the document.
 *
 * Source: libvirt's `domainsnapshot.rng`, with the `<mirror>` of a disk that released versions of libvirt do not know.
 */
export interface DomainSnapshot {
  name?: string | undefined;
  description?: string | undefined;
  /** The state of the machine when the snapshot was made; `disk-snapshot` when only its disks were saved. */
  state?: (typeof domainSnapshotStates)[number] | undefined;
  /** In seconds since 1970. */
  creationTime?: number | undefined;
  /** The name of the snapshot that this one was made after. */
  parent?: string | undefined;
  memory?: MemorySnapshot | undefined;
  disks: readonly DiskSnapshot[];
  /** The element `<domain>` of the machine at that time, as XML, exactly as it was read. */
  domain?: string | undefined;
  /** The element `<inactiveDomain>`: the machine as it would be after its next start, as XML. */
  inactiveDomain?: string | undefined;
  /** Whether it is the machine's current snapshot. */
  active?: boolean | undefined;
  /** The element `<cookie>`: what the hypervisor's driver keeps there for itself, as XML. */
  cookie?: string | undefined;
}

export type MemorySnapshot = { snapshot: "no" | "internal" } | { snapshot: "external"; file: string };

/** What the snapshot does with one disk. */
export interface DiskSnapshot {
  /** The disk's target in the domain, such as `vda`, or the path of its file. */
  name: string;
  /** `undefined` leaves the choice to the domain's definition of the disk. */
  snapshot?: (typeof diskSnapshotModes)[number] | undefined;
  /** The format of the new file, of the source and of the mirror alike. */
  driverType?: (typeof snapshotDriverTypes)[number] | undefined;
  /** What the machine writes to from the snapshot on. To be generated (see `completeDisks`) when it is missing. */
  source?: DiskLocation | undefined;
  /** What receives every change since the snapshot as well. Only with an external snapshot. */
  mirror?: DiskLocation | undefined;
}

export type DiskLocation = { type: "file"; file: string } | RbdLocation;

/** An RBD image as libvirt names it. */
export interface RbdLocation {
  type: "rbd";
  /** `pool/[namespace/]image` */
  image: string;
  /** The monitors; none leaves them to the configuration file. */
  hosts: readonly RbdHost[];
  /** The path of Ceph's configuration file on the host of the machine. */
  config?: string | undefined;
  auth?: RbdAuth | undefined;
}

export interface RbdHost {
  /** A host name or an IP address. */
  name: string;
  port?: number | undefined;
}

/** The Ceph user, and the secret of libvirt that holds its key. */
export interface RbdAuth {
  username: string;
  secret: { uuid: string } | { usage: string };
}

/**
 * Checks what neither the types nor the shape of the XML hold: what belongs together, and values.
 *
 * @throws {DomainSnapshotError} naming the disk where it is about one
 */
export function checkDomainSnapshot(snapshot: DomainSnapshot): void {
  const { name, description, parent, creationTime, state, memory } = snapshot;
  if (name !== undefined) checkText("the snapshot's name", name);
  if (description !== undefined) checkCharacters("the description", description);
  if (parent !== undefined) checkText("the parent's name", parent);
  if (state !== undefined) checkOneOf("the state", state, domainSnapshotStates);
  if (creationTime !== undefined && !(Number.isSafeInteger(creationTime) && creationTime >= 0)) {
    throw badValue(`the creation time ${creationTime} is no number of seconds since 1970`);
  }
  if (memory?.snapshot === "external") checkPath("the memory's file", memory.file);

  const names = new Set<string>();
  for (const disk of snapshot.disks) {
    checkDisk(disk);
    if (names.has(disk.name)) {
      throw new DomainSnapshotError({
        code: "DUPLICATE",
        disk: disk.name,
        problem: `the disk ${quoted(disk.name)} is there twice`,
      });
    }
    names.add(disk.name);
  }
  checkLocationsDiffer(snapshot.disks);
}

/** Two disks that are written to one place would destroy each other, and a mirror its own source. */
function checkLocationsDiffer(disks: readonly DiskSnapshot[]): void {
  const found = new Map<string, string>();
  for (const { name, source, mirror } of disks) {
    for (const location of [source, mirror]) {
      if (location === undefined) continue;
      const { type } = location;
      const key = JSON.stringify(
        type === "file" ? location.file : [location.image, location.hosts, location.config],
      );
      const other = found.get(key);
      if (other !== undefined) {
        const place = type === "file" ? location.file : location.image;
        const both =
          other === name ? `source and mirror of ${quoted(name)}` : `${quoted(other)} and ${quoted(name)}`;
        throw new DomainSnapshotError({
          code: "DUPLICATE",
          disk: name,
          problem: `${both} would be written to the same place, ${quoted(place)}`,
        });
      }
      found.set(key, name);
    }
  }
}

function checkDisk(disk: DiskSnapshot): void {
  const { name, snapshot, driverType, source, mirror } = disk;
  checkText("the name of a disk", name);
  if (snapshot !== undefined) checkOneOf("its snapshot", snapshot, diskSnapshotModes, name);
  if (driverType !== undefined) checkOneOf("its driver type", driverType, snapshotDriverTypes, name);
  if (mirror !== undefined && snapshot !== "external") {
    throw new DomainSnapshotError({
      code: "MIRROR_NOT_EXTERNAL",
      disk: name,
      problem: `the mirror for ${quoted(name)} requires an external snapshot`,
      hint: "Write snapshot='external', or leave the attribute out.",
    });
  }
  if ((source !== undefined || driverType !== undefined) && snapshot !== "external") {
    throw new DomainSnapshotError({
      code: "SOURCE_NOT_EXTERNAL",
      disk: name,
      problem: `the source or driver for ${quoted(name)} requires an external snapshot`,
      hint: "Write snapshot='external', or leave the attribute out.",
    });
  }
  if (source !== undefined) checkLocation("source", source, name);
  if (mirror !== undefined) checkLocation("mirror", mirror, name);
}

function checkLocation(what: string, location: DiskLocation, disk: string): void {
  if (location.type === "file") {
    checkPath(`the ${what}'s file`, location.file, disk);
    return;
  }
  checkImage(what, location.image, disk);
  for (const { name, port } of location.hosts) {
    if (isIP(name) === 0 && !/^[a-zA-Z0-9.-]+$/.test(name)) {
      throw badValue(`the ${what}'s host ${quoted(name)} is neither a host name nor an IP address`, disk);
    }
    if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65_536)) {
      throw badValue(`the ${what}'s port ${port} is not between 1 and 65535`, disk);
    }
  }
  if (location.config !== undefined) checkPath(`the ${what}'s configuration file`, location.config, disk);
  if (location.auth !== undefined) {
    const { username, secret } = location.auth;
    checkText(`the ${what}'s user name`, username, disk);
    if ("usage" in secret) checkText(`the usage of the ${what}'s secret`, secret.usage, disk);
    else if (!/^[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}$/i.test(secret.uuid)) {
      throw badValue(`the ${what}'s secret ${quoted(secret.uuid)} is no UUID`, disk);
    }
  }
}

function checkImage(what: string, image: string, disk: string): void {
  checkCharacters(`the ${what}'s name`, image, disk);
  let spec: ReturnType<typeof parseImageSpec>;
  try {
    spec = parseImageSpec(image);
  } catch (cause) {
    throw new DomainSnapshotError({
      code: "BAD_VALUE",
      disk,
      problem: `the ${what} for ${quoted(disk)} names no image: ${quoted(image)}`,
      hint: "Write name='pool/image' or name='pool/namespace/image'.",
      cause,
    });
  }
  if (spec.snapshot !== undefined) {
    throw badValue(`the ${what} for ${quoted(disk)} is a snapshot, which cannot be written: ${image}`, disk);
  }
}

function checkOneOf(what: string, value: string, known: readonly string[], disk?: string): void {
  if (known.includes(value)) return;
  const of = disk === undefined ? "" : ` for ${quoted(disk)}`;
  throw badValue(`${what}${of} is ${quoted(value)}, which is none of ${known.join(", ")}`, disk);
}

function checkPath(what: string, path: string, disk?: string): void {
  checkCharacters(what, path, disk);
  if (/^\/[^\n\r]+$/.test(path)) return;
  throw badValue(`${what} ${quoted(path)} is no absolute path on one line`, disk);
}

function checkText(what: string, text: string, disk?: string): void {
  if (text === "") throw badValue(`${what} is empty`, disk);
  checkCharacters(what, text, disk);
}

/** All but the characters that XML 1.0 can hold (its production `Char`). */
const notInXml = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;

function checkCharacters(what: string, text: string, disk?: string): void {
  if (notInXml.test(text))
    throw badValue(`${what} ${quoted(text)} has a character that XML cannot hold`, disk);
}

function badValue(problem: string, disk?: string): DomainSnapshotError {
  return new DomainSnapshotError({ code: "BAD_VALUE", problem, disk });
}
