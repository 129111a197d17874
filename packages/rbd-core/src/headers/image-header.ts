import { ByteReader, DecodeError, decodeValue } from "./encoding.ts";
import type { PackedOmap } from "./packed-omap.ts";
import { type ParentHeader, readParent, readSnapshot, type SnapshotHeader } from "./snapshot-header.ts";

/** The omap of a `rbd_header.<id>` object, without the user's metadata. */
export interface ImageHeader {
  /** Bytes. */
  size: number;
  /** The object size is 2^order bytes. */
  order: number;
  /** `RBD_FEATURE_*` bits. */
  features: bigint;
  /** `RBD_OPERATION_FEATURE_*` bits. */
  opFeatures: bigint;
  /** `RBD_FLAG_*` bits of HEAD. */
  flags: bigint;
  objectPrefix: string;
  /** The highest snapshot id that was assigned. */
  snapshotSequence: bigint;
  /** `null`: the data is in the same pool as the header. */
  dataPoolId: number | null;
  /** Bytes; equal to the object size unless the image is striped. */
  stripeUnit: number;
  stripeCount: number;
  createdAt: Date | null;
  accessedAt: Date | null;
  modifiedAt: Date | null;
  parent: ParentHeader | null;
  group: GroupRef | null;
  migration: MigrationHeader | null;
  /** Oldest first. */
  snapshots: SnapshotHeader[];
  /** Clones of format 2, by the id of the parent snapshot. */
  children: ReadonlyMap<bigint, readonly ChildImage[]>;
}

const snapshotPrefix = "snapshot_";
const childrenPrefix = "snap_children_";
const largestOrder = 25;
/** `int64 -1`, which some releases write for "no data pool". */
const noPool = -1;

/** The keys that every image of format 2 has. */
const requiredKeys = ["size", "order", "features", "object_prefix", "snap_seq"] as const;

/**
 * Decodes the omap of a `rbd_header.<id>` object. The entries may come in any order; unknown keys are ignored.
 *
 * @throws {DecodeError} with the key, when a value cannot be decoded or a key is missing that every image of format 2 has
 */
export function decodeImageHeader(entries: Iterable<readonly [string, Uint8Array]>): ImageHeader {
  const decoder = new HeaderDecoder();
  for (const [key, value] of entries) decoder.add(key, new ByteReader(key, value));
  return decoder.finish();
}

/** Decodes like {@link decodeImageHeader}, from a packed omap. Faster and with less memory, for reading many images. */
export function decodePackedHeader(omap: PackedOmap): ImageHeader {
  const decoder = new HeaderDecoder();
  omap.walk((key, value) => decoder.add(key, value));
  return decoder.finish();
}

/**
 * Why librbd has to be asked about an image although its header could be decoded; `null` when the header tells everything.
 */
export function reasonToAskLibrbd(header: ImageHeader): string | null {
  if (header.migration !== null)
    return "the image is being migrated, so that its parent is not the one in its header";
  const unknown = header.snapshots.find(({ namespace }) => namespace.kind === "unknown");
  return unknown === undefined ? null : `the snapshot ${unknown.name} is of an unknown kind`;
}

class HeaderDecoder {
  readonly #header = emptyHeader();
  #children: Map<bigint, ChildImage[]> | undefined;
  /** A bit for each of the required keys that was found. */
  #found = 0;

  add(key: string, value: ByteReader): void {
    if (key.startsWith(snapshotPrefix)) this.#header.snapshots.push(decodeSnapshot(key, value));
    else if (key.startsWith(childrenPrefix)) {
      this.#children ??= new Map();
      this.#children.set(idInKey(key, childrenPrefix), decodeChildImages(key, value.raw(value.remaining)));
    } else {
      decodeKey(this.#header, key, value);
      const required = (requiredKeys as readonly string[]).indexOf(key);
      if (required !== -1) this.#found |= 1 << required;
    }
  }

  finish(): ImageHeader {
    const missing = requiredKeys.find((_, at) => (this.#found & (1 << at)) === 0);
    if (missing !== undefined) throw new DecodeError(missing, 0, "the header has no such key");
    const header = this.#header;
    header.snapshots.sort((a, b) => (a.id < b.id ? -1 : 1));
    header.stripeUnit ||= 2 ** header.order;
    header.stripeCount ||= 1;
    header.children = this.#children ?? noChildren;
    return header;
  }
}

const noChildren: ReadonlyMap<bigint, readonly ChildImage[]> = new Map();

function emptyHeader(): ImageHeader {
  return {
    size: 0,
    order: 0,
    features: 0n,
    opFeatures: 0n,
    flags: 0n,
    objectPrefix: "",
    snapshotSequence: 0n,
    dataPoolId: null,
    stripeUnit: 0,
    stripeCount: 0,
    createdAt: null,
    accessedAt: null,
    modifiedAt: null,
    parent: null,
    group: null,
    migration: null,
    snapshots: [],
    children: noChildren,
  };
}

/** A value without a version must be consumed completely; to one with a version, fields may have been appended. */
function decodeKey(header: ImageHeader, key: string, value: ByteReader): void {
  switch (key) {
    case "size":
      header.size = value.size();
      break;
    case "order":
      header.order = readOrder(value);
      break;
    case "features":
      header.features = value.u64();
      break;
    case "op_features":
      header.opFeatures = value.u64();
      break;
    case "flags":
      header.flags = value.u64();
      break;
    case "object_prefix":
      header.objectPrefix = value.string();
      break;
    case "snap_seq":
      header.snapshotSequence = value.u64();
      break;
    case "data_pool_id": {
      const poolId = value.poolId();
      header.dataPoolId = poolId === noPool ? null : poolId;
      break;
    }
    case "stripe_unit":
      header.stripeUnit = value.size();
      break;
    case "stripe_count":
      header.stripeCount = value.size();
      break;
    case "create_timestamp":
      header.createdAt = value.time();
      break;
    case "access_timestamp":
      header.accessedAt = value.time();
      break;
    case "modify_timestamp":
      header.modifiedAt = value.time();
      break;
    case "parent":
      header.parent = readParent(value);
      return;
    case "rbd_group_ref":
      header.group = decodeGroupRef(key, value.raw(value.remaining));
      return;
    case "migration":
      header.migration = decodeMigration(key, value.raw(value.remaining));
      return;
    default:
      return;
  }
  value.finish();
}

function readOrder(reader: ByteReader): number {
  const order = reader.u8();
  return order <= largestOrder ? order : reader.fail(`objects of 2^${order} bytes`, 0);
}

function decodeSnapshot(key: string, value: ByteReader): SnapshotHeader {
  const snapshot = readSnapshot(value);
  if (snapshot.id === idInKey(key, snapshotPrefix)) return snapshot;
  throw new DecodeError(key, 0, `it holds snapshot ${snapshot.id}`);
}

function idInKey(key: string, prefix: string): bigint {
  const digits = key.slice(prefix.length);
  if (!/^[0-9a-f]{1,16}$/.test(digits))
    throw new DecodeError(key, 0, "the key does not end in a snapshot id");
  return BigInt(`0x${digits}`);
}

/** A clone, as recorded with its parent's snapshot. */
export interface ChildImage {
  poolId: number;
  /** `""` is the default namespace. */
  namespace: string;
  imageId: string;
}

/** Decodes the value of a `snap_children_<snapshot id>` key: the clones of format 2 of that snapshot. */
export function decodeChildImages(key: string, value: Uint8Array): ChildImage[] {
  return decodeValue(key, value, (reader) => reader.list(6, () => readChildImage(reader)), true);
}

/** Reads `cls::rbd::ChildImageSpec`, versions 1 (no namespaces) and 2. */
function readChildImage(reader: ByteReader): ChildImage {
  return reader.versioned("ChildImageSpec", 2, (version) => {
    const poolId = reader.poolId();
    const imageId = reader.string();
    const namespace = version >= 2 ? reader.string() : "";
    return { poolId, namespace, imageId };
  });
}

/** The group that an image belongs to. */
interface GroupRef {
  poolId: number;
  groupId: string;
}

/** Decodes the `rbd_group_ref` key of a header: `cls::rbd::GroupSpec`. `null` when the image is in no group. */
export function decodeGroupRef(key: string, value: Uint8Array): GroupRef | null {
  return decodeValue(key, value, (reader) =>
    reader.versioned("GroupSpec", 1, () => {
      const poolId = reader.poolId();
      const groupId = reader.string();
      return poolId < 0 || groupId === "" ? null : { poolId, groupId };
    }),
  );
}

/** A member of a group, as recorded in a key of `rbd_group_header.<group id>`. */
interface GroupMember {
  poolId: number;
  imageId: string;
  /** `false` while the image is being added or removed, also after that was interrupted. */
  attached: boolean;
}

const memberKey = /^image_([0-9a-f]{16})_(.+)$/s;

/** Decodes one entry of `rbd_group_header.<group id>`. `null` for a key of another kind. */
export function decodeGroupMember(key: string, value: Uint8Array): GroupMember | null {
  const match = memberKey.exec(key);
  if (match === null) return null;
  const [, pool = "", imageId = ""] = match;
  const state = decodeValue(key, value, (reader) => reader.u8());
  return { poolId: Number.parseInt(pool, 16), imageId, attached: state === 0 };
}

/** The migration (`rbd migration prepare`) of an image. */
interface MigrationHeader {
  role: "source" | "destination" | "unknown";
  /** The pool of the other image. -1 when the source is not an image of this cluster. */
  poolId: number;
  namespace: string;
  imageName: string;
  imageId: string;
  state: "error" | "preparing" | "prepared" | "executing" | "executed" | "aborting" | "unknown";
  stateDescription: string;
}

/** In the order of Ceph's numbers, which start at 1. */
const roles = ["unknown", "source", "destination"] as const;
/** In the order of Ceph's numbers. */
const states = ["error", "preparing", "prepared", "executing", "executed", "aborting"] as const;

/** Decodes the `migration` key of a header: `cls::rbd::MigrationSpec`, versions 1 to 3. */
export function decodeMigration(key: string, value: Uint8Array): MigrationHeader {
  return decodeValue(key, value, (reader) =>
    reader.versioned("MigrationSpec", 3, () => {
      const role = roles[reader.u8()] ?? "unknown";
      const poolId = reader.poolId();
      const namespace = reader.string();
      const imageName = reader.string();
      const imageId = reader.string();
      reader.list(16, () => [reader.u64(), reader.u64()]); // snapshot ids of source and destination
      reader.u64(); // overlap
      reader.bool(); // flatten
      reader.bool(); // mirroring
      const state = states[reader.u8()] ?? "unknown";
      const stateDescription = reader.string();
      return { role, poolId, namespace, imageName, imageId, state, stateDescription };
    }),
  );
}
