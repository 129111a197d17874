import { type ByteReader, decodeValue } from "./byte-reader.ts";

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
