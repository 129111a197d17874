import type { IoCtx } from "rbd-native";
import type { ImageRow, ParentLink, TrashEntry } from "./rows.ts";

/** A pool and one of its namespaces, open. */
export interface Place {
  poolId: number;
  poolName: string;
  namespace: string;
  ioCtx: IoCtx;
}

/** An image as a directory lists it, before it is read. */
export interface ImageEntry {
  place: Place;
  /** `""` for an image of format 1. */
  id: string;
  name: string;
  trash: TrashEntry | null;
}

/** A parent by what the clone itself holds. */
export interface ParentRef {
  poolId: number;
  namespace: string;
  imageId: string;
  snapshotId: bigint;
  overlap: number;
}

/** What only a header tells, for those who ask for it. */
export interface HeaderLinks {
  /** Clones of format 2. */
  children: readonly { poolId: number; namespace: string; imageId: string; snapshotId: bigint }[];
  group: { poolId: number; groupId: string } | null;
}

/** An image as a reader finds it: names of pools and parents are filled in when all have been read. */
export type FoundImage = Omit<
  ImageRow,
  | "state"
  | "pool"
  | "namespace"
  | "name"
  | "id"
  | "spec"
  | "trash"
  | "dataPool"
  | "parent"
  | "children"
  | "group"
  | "watchers"
> & {
  dataPoolId: number | null;
  parent: ParentRef | ParentLink | null;
  links?: HeaderLinks;
};

/**
 * One way of reading an image.
 *
 * The contract: nothing is changed, and nothing is left behind on the cluster (no watcher, no lock). It rejects
 * with `NOT_FOUND` when the image is not there (any more), with another error when it cannot be read, and never
 * returns half an image.
 */
export interface ImageReader {
  read(entry: ImageEntry, signal: AbortSignal | undefined): Promise<FoundImage>;
}

/** The same reader with at most `limit` images at a time; the others wait for their turn. */
export function limitedReader(reader: ImageReader, limit: number): ImageReader {
  let reading = 0;
  const waiting: (() => void)[] = [];
  return {
    async read(entry, signal) {
      if (reading >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
      else reading += 1;
      try {
        return await reader.read(entry, signal);
      } finally {
        // The place is handed on, or given back.
        const next = waiting.shift();
        if (next === undefined) reading -= 1;
        else next();
      }
    },
  };
}
