import { ByteReader, DecodeError, decodeValue } from "./encoding.ts";
import type { PackedOmap } from "./packed-omap.ts";
import { type ParentHeader, readParent, readSnapshot, type SnapshotHeader } from "./snapshot-header.ts";

/** Everything in the omap of a `rbd_header.<id>` object but the user's metadata. */
export interface ImageHeader {
  /** Bytes. */
  size: number;
  /** An object has 2^order bytes. */
  order: number;
  /** `RBD_FEATURE_*` bits. */
  features: bigint;
  /** `RBD_OPERATION_FEATURE_*` bits. */
  opFeatures: bigint;
  /** `RBD_FLAG_*` bits of HEAD. */
  flags: bigint;
  objectPrefix: string;
  /** The newest snapshot id ever given. */
  snapshotSequence: bigint;
  /** `null`: the data is in the header's own pool. */
  dataPoolId: number | null;
  /** Bytes; the object's size unless the image is striped. */
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
  /** Clones of format 2 by the id of the snapshot they hang on. */
  children: ReadonlyMap<bigint, readonly ChildImage[]>;
}

const snapshotPrefix = "snapshot_";
const childrenPrefix = "snap_children_";
const largestOrder = 25;
/** `int64 -1`, as some releases wrote for "no data pool". */
const noPool = -1;

/** What every image of format 2 has. */
const requiredKeys = ["size", "order", "features", "object_prefix", "snap_seq"] as const;

/**
 * Decodes the omap of a `rbd_header.<id>` object. The order of the entries does not matter, and keys that are
 * not known here are left alone.
 *
 * @throws {DecodeError} naming the key when a value does not decode, or when a key is missing that every image
 * of format 2 has
 */
export function decodeImageHeader(entries: Iterable<readonly [string, Uint8Array]>): ImageHeader {
  const decoder = new HeaderDecoder();
  for (const [key, value] of entries) decoder.add(key, new ByteReader(key, value));
  return decoder.finish();
}

/** The same from an omap that is still packed, for many images: nothing is made for an entry but what it holds. */
export function decodePackedHeader(omap: PackedOmap): ImageHeader {
  const decoder = new HeaderDecoder();
  omap.walk((key, value) => decoder.add(key, value));
  return decoder.finish();
}

class HeaderDecoder {
  readonly #header = emptyHeader();
  #children: Map<bigint, ChildImage[]> | undefined;
  /** A bit for each of the required keys. */
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

/** Values without a version must be used up; those with one may have grown. */
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

/** A clone, as its parent's snapshot knows it. */
export interface ChildImage {
  poolId: number;
  /** `""` is the default namespace. */
  namespace: string;
  imageId: string;
}

/** Reads the value of a `snap_children_<snapshot id>` key: the clones of format 2 of one snapshot. */
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

/** The group an image is in. */
interface GroupRef {
  poolId: number;
  groupId: string;
}

/** Reads the key of an image's header that names its group: `cls::rbd::GroupSpec`. `null`: in no group. */
export function decodeGroupRef(key: string, value: Uint8Array): GroupRef | null {
  return decodeValue(key, value, (reader) =>
    reader.versioned("GroupSpec", 1, () => {
      const poolId = reader.poolId();
      const groupId = reader.string();
      return poolId < 0 || groupId === "" ? null : { poolId, groupId };
    }),
  );
}

/** An image of a group, as `rbd_group_header.<group id>` names it in a key. */
interface GroupMember {
  poolId: number;
  imageId: string;
  /** `false` while the image is being added or removed, or when that was interrupted. */
  attached: boolean;
}

const memberKey = /^image_([0-9a-f]{16})_(.+)$/s;

/** Reads one entry of `rbd_group_header.<group id>`. `null` for a key of another kind. */
export function decodeGroupMember(key: string, value: Uint8Array): GroupMember | null {
  const match = memberKey.exec(key);
  if (match === null) return null;
  const [, pool = "", imageId = ""] = match;
  const state = decodeValue(key, value, (reader) => reader.u8());
  return { poolId: Number.parseInt(pool, 16), imageId, attached: state === 0 };
}

/** A migration (`rbd migration prepare`) that an image takes part in. */
interface MigrationHeader {
  role: "source" | "destination" | "unknown";
  /** The other image. -1 when the source is not an image of this cluster. */
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

/** Reads the `migration` key of a header: `cls::rbd::MigrationSpec`, versions 1 to 3. */
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
