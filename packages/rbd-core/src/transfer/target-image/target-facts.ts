import type { Image, IoCtx } from "rbd-native";
import { readHeader } from "../../headers/read-header.ts";
import type { KnownSnapshot } from "../source-image/find-snapshot.ts";

/** What a target says of itself. */
export interface TargetFacts {
  readonly snapshots: readonly KnownSnapshot[];
  /** The text under a key of its metadata, as it was set. */
  metadata(key: string): string | undefined;
}

/**
 * Reads a target's snapshots and metadata at once, past librbd where that can be. For who holds its lock.
 *
 * @throws RbdError
 */
export async function readTarget(
  image: Image,
  ioCtx: IoCtx,
  signal: AbortSignal | undefined,
): Promise<TargetFacts> {
  const read = await readHeader(ioCtx, image.id, signal);
  if (read === null) {
    const metadata = await image.listMetadata({ signal });
    return { snapshots: await image.listSnapshots({ signal }), metadata: (key) => metadata.get(key) };
  }
  const snapshots = read.header.snapshots.map(({ id, name, size, namespace }) => {
    return { id, name, size, namespace: namespace.kind };
  });
  return { snapshots, metadata: read.metadata };
}
