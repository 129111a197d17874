import type { SnapshotEntry } from "rbd-native";
import { CoppiceError } from "../../errors/coppice-error.ts";

/** What a transfer has to know of a snapshot. */
export type KnownSnapshot = Pick<SnapshotEntry, "id" | "name" | "size" | "namespace">;

/**
 * The user's snapshot of that name.
 *
 * @param image The image's spec, for the error.
 * @throws {CoppiceError} `NOT_FOUND`
 */
export function findSnapshot<Snapshot extends KnownSnapshot>(
  snapshots: readonly Snapshot[],
  name: string,
  image: string,
): Snapshot {
  const found = snapshots.find((snapshot) => snapshot.name === name && snapshot.namespace === "user");
  if (found !== undefined) return found;
  throw new CoppiceError({
    code: "NOT_FOUND",
    call: "findSnapshot",
    object: `${image}@${name}`,
    message: `${image} has no snapshot ${JSON.stringify(name)}`,
    hint: "Check the name with `rbd snap ls`; it may have been renamed or removed.",
  });
}
