import { native } from "../internal/binding.ts";
import { type CallOptions, read } from "../internal/call.ts";
import { checkBits, checkName } from "../internal/check.ts";
import type { ListLinked, NativeLinkedImage } from "../internal/native-types.ts";
import type { OpenImage } from "./open-image.ts";
import { type SnapshotKind, toSnapshotKind } from "./snapshots.ts";

export interface ImageStat {
  readonly size: number;
  readonly objectSize: number;
  /** objectSize is 2 to this power. */
  readonly order: number;
  readonly objectCount: number;
  /** `rbd_data.<id>`: what the names of its objects begin with. */
  readonly blockNamePrefix: string;
}

export interface Stripe {
  readonly unit: number;
  readonly count: number;
}

export interface ImageTimestamps {
  readonly created: Date;
  readonly accessed: Date;
  readonly modified: Date;
}

/** An image that another one points to. */
export type LinkedImage = NativeLinkedImage;

export interface ParentImage extends LinkedImage {
  readonly snapshotName: string;
  readonly snapshotId: bigint;
  readonly snapshotKind: SnapshotKind;
  /** Bytes from the start that are still shared with the parent. */
  readonly overlap: number;
}

export interface Watcher {
  /** `127.0.0.1:0/1234`. */
  readonly address: string;
  readonly clientId: bigint;
  readonly cookie: bigint;
}

export async function timestamps(image: OpenImage, o?: CallOptions): Promise<ImageTimestamps> {
  const times = await read(image.spec, o, (operation) => native.imageTimestamps(image.handle, operation));
  return {
    created: new Date(times.created),
    accessed: new Date(times.accessed),
    modified: new Date(times.modified),
  };
}

export async function parent(image: OpenImage, o?: CallOptions): Promise<ParentImage | null> {
  const found = await read(image.spec, o, (operation) => native.imageParent(image.handle, operation));
  if (found === null) return null;
  const { snapshotNamespace, ...facts } = found;
  return { ...facts, snapshotKind: toSnapshotKind(snapshotNamespace) };
}

/** Clones of one snapshot, or of all snapshots without one. */
export async function listLinked(
  image: OpenImage,
  call: string,
  list: ListLinked,
  snapshot: string | bigint | undefined,
  o: CallOptions | undefined,
): Promise<LinkedImage[]> {
  if (typeof snapshot === "bigint") checkBits(call, image.spec, "snapshot", snapshot);
  else if (snapshot !== undefined) checkName(call, image.spec, "snapshot", snapshot);
  const object = snapshot === undefined ? image.spec : `${image.spec}@${snapshot}`;
  return await read(object, o, (operation) => list(image.handle, snapshot, operation));
}
