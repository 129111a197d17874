import type { IoCtx } from "rbd-native";
import { hasCode } from "../errors/index.ts";
import { decodeValue } from "./encoding.ts";
import { cloneV1ChildrenObject } from "./object-names.ts";

const namePrefix = "name_";
const idPrefix = "id_";

/** An image or group by its name and id. */
interface DirectoryEntry {
  name: string;
  id: string;
}

/**
 * Decodes one entry of `rbd_directory` or `rbd_group_directory`. Each image or group has two entries: `name_<name>` with
 * the id, and `id_<id>` with the name. Only the first kind is decoded; the result is `null` for any other key.
 */
export function decodeDirectoryEntry(key: string, value: Uint8Array): DirectoryEntry | null {
  if (!key.startsWith(namePrefix)) return null;
  const id = decodeValue(key, value, (reader) => reader.string(), true);
  return { name: key.slice(namePrefix.length), id };
}

/** The key of `rbd_directory` for the image of this name; its value is a string, the id. */
export function directoryNameKey(name: string): string {
  return `${namePrefix}${name}`;
}

/** The key of `rbd_directory` and `rbd_trash` for the image with this id. */
export function directoryIdKey(id: string): string {
  return `${idPrefix}${id}`;
}

/** The namespace that a key of `rbd_namespace` stands for; `null` for a key of another kind. */
export function namespaceOfKey(key: string): string | null {
  return key.startsWith(namePrefix) ? key.slice(namePrefix.length) : null;
}

type TrashHeaderSource = "user" | "mirroring" | "migration" | "removing" | "user-parent" | "unknown";

/** An image in the trash, as recorded in `rbd_trash`. */
export interface TrashHeader {
  imageId: string;
  /** The name that the image had. */
  name: string;
  source: TrashHeaderSource;
  deletedAt: Date | null;
  /** Before this time it is removed only by force. */
  deferredUntil: Date | null;
  /** The operation that is in progress; `normal` when there is none. */
  state: "normal" | "moving" | "removing" | "restoring" | "unknown";
}

/** In the order of Ceph's numbers. */
const sources = ["user", "mirroring", "migration", "removing", "user-parent"] as const;
const states = ["normal", "moving", "removing", "restoring"] as const;

/**
 * Decodes one entry of `rbd_trash`: `cls::rbd::TrashImageSpec`, versions 1 and 2. `null` for a key of another kind.
 */
export function decodeTrashEntry(key: string, value: Uint8Array): TrashHeader | null {
  if (!key.startsWith(idPrefix)) return null;
  return decodeValue(key, value, (reader) =>
    reader.versioned("TrashImageSpec", 2, (version) => ({
      imageId: key.slice(idPrefix.length),
      source: sources[reader.u8()] ?? "unknown",
      name: reader.string(),
      deletedAt: reader.time(),
      deferredUntil: reader.time(),
      state: version >= 2 ? (states[reader.u8()] ?? "unknown") : "normal",
    })),
  );
}

/** The mirroring of an image to another cluster. */
interface MirrorHeader {
  globalId: string;
  state: "disabling" | "enabled" | "disabled" | "creating" | "unknown";
  mode: "journal" | "snapshot" | "unknown";
}

/** In the order of Ceph's numbers. */
const mirrorStates = ["disabling", "enabled", "disabled", "creating"] as const;
const modes = ["journal", "snapshot"] as const;

/** The key of `rbd_mirroring` for the image with this id. */
export function mirrorImageKey(id: string): string {
  return `image_${id}`;
}

/** Decodes the value of an `image_<id>` key of `rbd_mirroring`: `cls::rbd::MirrorImage`, versions 1 and 2. */
export function decodeMirrorImage(key: string, value: Uint8Array): MirrorHeader {
  return decodeValue(key, value, (reader) =>
    reader.versioned("MirrorImage", 2, (version) => ({
      globalId: reader.string(),
      state: mirrorStates[reader.u8()] ?? "unknown",
      mode: version >= 2 ? (modes[reader.u8()] ?? "unknown") : "journal",
    })),
  );
}

/** A snapshot that may have clones of format 1. */
interface CloneV1Parent {
  poolId: number;
  imageId: string;
  snapshotId: bigint;
}

/**
 * Reads the ids of the clones of format 1 that a pool contains of a snapshot. Parent and clones are always in the same
 * namespace. Source: the pool's `rbd_children` object, class `rbd`, method `get_children`.
 *
 * @throws {RbdError}
 * @throws {DecodeError}
 */
export async function readCloneV1Children(
  ioCtx: IoCtx,
  parent: CloneV1Parent,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const wanted = encodeParent(parent);
  try {
    const answer = await ioCtx.objects.exec(cloneV1ChildrenObject, "rbd", "get_children", wanted, { signal });
    return decodeValue(
      "the clones of format 1",
      answer,
      (reader) => reader.list(4, () => reader.string()),
      true,
    );
  } catch (error) {
    if (hasCode(error, "NOT_FOUND")) return [];
    throw error;
  }
}

function encodeParent({ poolId, imageId, snapshotId }: CloneV1Parent): Buffer {
  const id = Buffer.from(imageId, "utf8");
  const bytes = Buffer.alloc(8 + 4 + id.length + 8);
  bytes.writeBigInt64LE(BigInt(poolId), 0);
  bytes.writeUInt32LE(id.length, 8);
  id.copy(bytes, 12);
  bytes.writeBigUInt64LE(snapshotId, 12 + id.length);
  return bytes;
}
