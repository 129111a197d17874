import { decodeValue } from "./byte-reader.ts";

/** A migration (`rbd migration prepare`) that an image takes part in. */
export interface MigrationHeader {
  role: "source" | "destination" | "unknown";
  /** The other image. -1 when the source is not an image of this cluster. */
  poolId: number;
  namespace: string;
  imageName: string;
  imageId: string;
  state: "error" | "preparing" | "prepared" | "executing" | "executed" | "aborting" | "unknown";
  stateDescription: string;
}

/** In the order of Ceph's numbers, which start at 1. */
const roles = ["unknown", "source", "destination"] as const;
/** In the order of Ceph's numbers. */
const states = ["error", "preparing", "prepared", "executing", "executed", "aborting"] as const;

/** Reads the `migration` key of a header: `cls::rbd::MigrationSpec`, versions 1 to 3. */
export function decodeMigration(key: string, value: Uint8Array): MigrationHeader {
  return decodeValue(key, value, (reader) =>
    reader.versioned("MigrationSpec", 3, () => {
      const role = roles[reader.u8()] ?? "unknown";
      const poolId = reader.poolId();
      const namespace = reader.string();
      const imageName = reader.string();
      const imageId = reader.string();
      reader.list(16, () => [reader.u64(), reader.u64()]); // snapshot ids of source and destination
      reader.u64(); // overlap
      reader.bool(); // flatten
      reader.bool(); // mirroring
      const state = states[reader.u8()] ?? "unknown";
      const stateDescription = reader.string();
      return { role, poolId, namespace, imageName, imageId, state, stateDescription };
    }),
  );
}
