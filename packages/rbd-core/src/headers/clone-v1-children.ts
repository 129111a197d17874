import { decodeValue } from "./byte-reader.ts";

/**
 * One entry of a `rbd_children` object: clones of format 1 in the object's own pool and namespace, and the
 * snapshot that they hang on. The parent's namespace is the children's.
 */
export interface CloneV1Children {
  parentPoolId: number;
  parentImageId: string;
  parentSnapshotId: bigint;
  childIds: string[];
}

/** Reads one key (which is binary) and value of `rbd_children`. */
export function decodeCloneV1Children(key: Uint8Array, value: Uint8Array): CloneV1Children {
  const parent = decodeValue(
    "the key of rbd_children",
    key,
    (reader) => ({
      parentPoolId: reader.poolId(),
      parentImageId: reader.string(),
      parentSnapshotId: reader.u64(),
    }),
    true,
  );
  const childIds = decodeValue(
    "the value of rbd_children",
    value,
    (reader) => reader.list(4, () => reader.string()),
    true,
  );
  return { ...parent, childIds };
}
