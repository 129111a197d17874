import { type ByteReader, decodeValue } from "./byte-reader.ts";
import { type ChildImage, decodeChildImages } from "./child-image.ts";
import { DecodeError } from "./decode-error.ts";
import { decodeGroupRef, type GroupRef } from "./group-header.ts";
import { decodeMigration, type MigrationHeader } from "./migration-header.ts";
import { type ParentHeader, readParent } from "./parent-header.ts";
import { readSnapshot, type SnapshotHeader } from "./snapshot-header.ts";

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
const requiredKeys: ReadonlySet<string> = new Set(["size", "order", "features", "object_prefix", "snap_seq"]);

/**
 * Decodes the omap of a `rbd_header.<id>` object. The order of the entries does not matter, and keys that are
 * not known here are left alone.
 *
 * @throws {DecodeError} naming the key when a value does not decode, or when a key is missing that every image
 * of format 2 has
 */
export function decodeImageHeader(entries: Iterable<readonly [string, Uint8Array]>): ImageHeader {
  const header = emptyHeader();
  const children = new Map<bigint, ChildImage[]>();
  const keys: string[] = [];
  for (const [key, value] of entries) {
    if (key.startsWith(snapshotPrefix)) header.snapshots.push(decodeSnapshot(key, value));
    else if (key.startsWith(childrenPrefix)) {
      children.set(idInKey(key, childrenPrefix), decodeChildImages(key, value));
    } else {
      decodeKey(header, key, value);
      if (requiredKeys.has(key)) keys.push(key);
    }
  }
  if (keys.length < requiredKeys.size) {
    const [missing = ""] = requiredKeys.difference(new Set(keys));
    throw new DecodeError(missing, 0, "the header has no such key");
  }
  header.snapshots.sort((a, b) => (a.id < b.id ? -1 : 1));
  header.stripeUnit ||= 2 ** header.order;
  header.stripeCount ||= 1;
  return children.size === 0 ? header : { ...header, children };
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
function decodeKey(header: ImageHeader, key: string, value: Uint8Array): void {
  switch (key) {
    case "size":
      header.size = decodeValue(key, value, readSize, true);
      break;
    case "order":
      header.order = decodeValue(key, value, readOrder, true);
      break;
    case "features":
      header.features = decodeValue(key, value, readBits, true);
      break;
    case "op_features":
      header.opFeatures = decodeValue(key, value, readBits, true);
      break;
    case "flags":
      header.flags = decodeValue(key, value, readBits, true);
      break;
    case "object_prefix":
      header.objectPrefix = decodeValue(key, value, (reader) => reader.string(), true);
      break;
    case "snap_seq":
      header.snapshotSequence = decodeValue(key, value, readBits, true);
      break;
    case "data_pool_id": {
      const poolId = decodeValue(key, value, (reader) => reader.poolId(), true);
      header.dataPoolId = poolId === noPool ? null : poolId;
      break;
    }
    case "stripe_unit":
      header.stripeUnit = decodeValue(key, value, readSize, true);
      break;
    case "stripe_count":
      header.stripeCount = decodeValue(key, value, readSize, true);
      break;
    case "create_timestamp":
      header.createdAt = decodeValue(key, value, readTime, true);
      break;
    case "access_timestamp":
      header.accessedAt = decodeValue(key, value, readTime, true);
      break;
    case "modify_timestamp":
      header.modifiedAt = decodeValue(key, value, readTime, true);
      break;
    case "parent":
      header.parent = decodeValue(key, value, readParent);
      break;
    case "rbd_group_ref":
      header.group = decodeGroupRef(key, value);
      break;
    case "migration":
      header.migration = decodeMigration(key, value);
      break;
  }
}

const readSize = (reader: ByteReader) => reader.size();
const readBits = (reader: ByteReader) => reader.u64();
const readTime = (reader: ByteReader) => reader.time();

function readOrder(reader: ByteReader): number {
  const order = reader.u8();
  return order <= largestOrder ? order : reader.fail(`objects of 2^${order} bytes`, 0);
}

function decodeSnapshot(key: string, value: Uint8Array): SnapshotHeader {
  const snapshot = decodeValue(key, value, readSnapshot);
  if (snapshot.id === idInKey(key, snapshotPrefix)) return snapshot;
  throw new DecodeError(key, 0, `it holds snapshot ${snapshot.id}`);
}

function idInKey(key: string, prefix: string): bigint {
  const digits = key.slice(prefix.length);
  if (!/^[0-9a-f]{1,16}$/.test(digits))
    throw new DecodeError(key, 0, "the key does not end in a snapshot id");
  return BigInt(`0x${digits}`);
}
