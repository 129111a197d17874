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

/**
 * Decodes the omap of a `rbd_header.<id>` object. The order of the entries does not matter, and keys that are
 * not known here are left alone.
 *
 * @throws {DecodeError} naming the key when a value does not decode, or when a key is missing that every image
 * of format 2 has
 */
export function decodeImageHeader(entries: Iterable<readonly [string, Uint8Array]>): ImageHeader {
  const values = new Map<string, Uint8Array>();
  const snapshots: SnapshotHeader[] = [];
  const children = new Map<bigint, ChildImage[]>();
  for (const [key, value] of entries) {
    if (key.startsWith(snapshotPrefix)) {
      const snapshot = decodeValue(key, value, readSnapshot);
      if (snapshot.id !== idInKey(key, snapshotPrefix)) {
        throw new DecodeError(key, 0, `it holds snapshot ${snapshot.id}`);
      }
      snapshots.push(snapshot);
    } else if (key.startsWith(childrenPrefix)) {
      children.set(idInKey(key, childrenPrefix), decodeChildImages(key, value));
    } else {
      values.set(key, value);
    }
  }
  snapshots.sort((a, b) => (a.id < b.id ? -1 : 1));

  const required = <T>(key: string, read: (reader: ByteReader) => T): T => {
    const value = values.get(key);
    if (value === undefined) throw new DecodeError(key, 0, "the header has no such key");
    return decodeValue(key, value, read, true);
  };
  const optional = <T, D>(key: string, missing: D, read: (reader: ByteReader) => T): T | D => {
    const value = values.get(key);
    return value === undefined ? missing : decodeValue(key, value, read, true);
  };
  const structure = <T>(key: string, decode: (key: string, value: Uint8Array) => T): T | null => {
    const value = values.get(key);
    return value === undefined ? null : decode(key, value);
  };

  const order = required("order", (reader) => reader.u8());
  if (order > largestOrder) throw new DecodeError("order", 0, `objects of 2^${order} bytes`);
  const dataPoolId = optional("data_pool_id", noPool, (reader) => reader.poolId());
  return {
    size: required("size", (reader) => reader.size()),
    order,
    features: required("features", (reader) => reader.u64()),
    opFeatures: optional("op_features", 0n, (reader) => reader.u64()),
    flags: optional("flags", 0n, (reader) => reader.u64()),
    objectPrefix: required("object_prefix", (reader) => reader.string()),
    snapshotSequence: required("snap_seq", (reader) => reader.u64()),
    dataPoolId: dataPoolId === noPool ? null : dataPoolId,
    stripeUnit: optional("stripe_unit", 0, (reader) => reader.size()) || 2 ** order,
    stripeCount: optional("stripe_count", 0, (reader) => reader.size()) || 1,
    createdAt: optional("create_timestamp", null, (reader) => reader.time()),
    accessedAt: optional("access_timestamp", null, (reader) => reader.time()),
    modifiedAt: optional("modify_timestamp", null, (reader) => reader.time()),
    parent: structure("parent", (key, value) => decodeValue(key, value, readParent)),
    group: structure("rbd_group_ref", decodeGroupRef),
    migration: structure("migration", decodeMigration),
    snapshots,
    children,
  };
}

function idInKey(key: string, prefix: string): bigint {
  const digits = key.slice(prefix.length);
  if (!/^[0-9a-f]{1,16}$/.test(digits))
    throw new DecodeError(key, 0, "the key does not end in a snapshot id");
  return BigInt(`0x${digits}`);
}
