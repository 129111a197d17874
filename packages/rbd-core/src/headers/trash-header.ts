import { decodeValue } from "./byte-reader.ts";

export type TrashHeaderSource = "user" | "mirroring" | "migration" | "removing" | "user-parent" | "unknown";

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
