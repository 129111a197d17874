import { decodeValue } from "./byte-reader.ts";

/** Whether, and how, an image is mirrored to another cluster. */
export interface MirrorHeader {
  globalId: string;
  state: "disabling" | "enabled" | "disabled" | "creating" | "unknown";
  mode: "journal" | "snapshot" | "unknown";
}

/** In the order of Ceph's numbers. */
const states = ["disabling", "enabled", "disabled", "creating"] as const;
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
      state: states[reader.u8()] ?? "unknown",
      mode: version >= 2 ? (modes[reader.u8()] ?? "unknown") : "journal",
    })),
  );
}
