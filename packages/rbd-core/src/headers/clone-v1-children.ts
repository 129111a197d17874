import type { IoCtx } from "rbd-native";
import { hasCode } from "../errors/to-coppice-error.ts";
import { decodeValue } from "./byte-reader.ts";
import { cloneV1ChildrenObject } from "./object-names.ts";

/** A snapshot that clones of format 1 may hang on. */
export interface CloneV1Parent {
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
