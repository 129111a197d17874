import { ByteReader } from "./byte-reader.ts";
import { type ChildImage, decodeChildImages } from "./child-image.ts";
import { DecodeError } from "./decode-error.ts";
import { decodeGroupRef, type GroupRef } from "./group-header.ts";
import { decodeMigration, type MigrationHeader } from "./migration-header.ts";
import type { PackedOmap } from "./packed-omap.ts";
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
