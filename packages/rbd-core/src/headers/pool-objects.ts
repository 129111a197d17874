import type { IoCtx } from "rbd-native";
import { hasCode } from "../errors/index.ts";
import { decodeValue } from "./encoding.ts";
import { cloneV1ChildrenObject } from "./object-names.ts";

const namePrefix = "name_";
const idPrefix = "id_";

interface DirectoryEntry {
  name: string;
  id: string;
}

/**
 * Reads one entry of `rbd_directory` or `rbd_group_directory`. Each image or group has two, `name_<name>` with
 * the id and `id_<id>` with the name; the first kind is the listing. `null` for the others.
 */
export function decodeDirectoryEntry(key: string, value: Uint8Array): DirectoryEntry | null {
  if (!key.startsWith(namePrefix)) return null;
  const id = decodeValue(key, value, (reader) => reader.string(), true);
  return { name: key.slice(namePrefix.length), id };
}

/** Where the name of image `id` stands in `rbd_directory`. */
export function directoryIdKey(id: string): string {
  return `${idPrefix}${id}`;
}

/** The namespace that a key of `rbd_namespace` stands for. `null` for a key of another kind. */
export function namespaceOfKey(key: string): string | null {
  return key.startsWith(namePrefix) ? key.slice(namePrefix.length) : null;
}

type TrashHeaderSource = "user" | "mirroring" | "migration" | "removing" | "user-parent" | "unknown";

/** An image in the trash, as `rbd_trash` knows it. */
export interface TrashHeader {
  imageId: string;
  /** The name it had. */
  name: string;
  source: TrashHeaderSource;
  deletedAt: Date | null;
  /** Until then it is only removed with force. */
  deferredUntil: Date | null;
  /** What is being done to it. `normal`: it rests there. */
  state: "normal" | "moving" | "removing" | "restoring" | "unknown";
}

/** In the order of Ceph's numbers. */
const sources = ["user", "mirroring", "migration", "removing", "user-parent"] as const;
const states = ["normal", "moving", "removing", "restoring"] as const;
const keyPrefix = "id_";

/**
 * Reads one entry of `rbd_trash`: `cls::rbd::TrashImageSpec`, versions 1 and 2. `null` for a key of another
 * kind.
 */
export function decodeTrashEntry(key: string, value: Uint8Array): TrashHeader | null {
  if (!key.startsWith(keyPrefix)) return null;
  return decodeValue(key, value, (reader) =>
    reader.versioned("TrashImageSpec", 2, (version) => ({
      imageId: key.slice(keyPrefix.length),
      source: sources[reader.u8()] ?? "unknown",
      name: reader.string(),
      deletedAt: reader.time(),
      deferredUntil: reader.time(),
      state: version >= 2 ? (states[reader.u8()] ?? "unknown") : "normal",
    })),
  );
}

/** Whether, and how, an image is mirrored to another cluster. */
interface MirrorHeader {
  globalId: string;
  state: "disabling" | "enabled" | "disabled" | "creating" | "unknown";
  mode: "journal" | "snapshot" | "unknown";
}

/** In the order of Ceph's numbers. */
const mirrorStates = ["disabling", "enabled", "disabled", "creating"] as const;
const modes = ["journal", "snapshot"] as const;

/** Where image `id` stands in the omap of `rbd_mirroring`. */
export function mirrorImageKey(id: string): string {
  return `image_${id}`;
}

/** Reads the value of an `image_<id>` key of `rbd_mirroring`: `cls::rbd::MirrorImage`, versions 1 and 2. */
export function decodeMirrorImage(key: string, value: Uint8Array): MirrorHeader {
  return decodeValue(key, value, (reader) =>
    reader.versioned("MirrorImage", 2, (version) => ({
      globalId: reader.string(),
      state: mirrorStates[reader.u8()] ?? "unknown",
      mode: version >= 2 ? (modes[reader.u8()] ?? "unknown") : "journal",
    })),
  );
}

/** A snapshot that clones of format 1 may hang on. */
interface CloneV1Parent {
  poolId: number;
  imageId: string;
  snapshotId: bigint;
}

/**
 * The ids of the clones of format 1 that one pool holds of one snapshot, in the namespace of parent and
 * children alike. Asks the pool's `rbd_children` object. (class `rbd`, method `get_children`)
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
