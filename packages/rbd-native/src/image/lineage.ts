import type { CallOptions } from "../call-options.ts";
import { native } from "../internal/binding.ts";
import type { ListLinked, NativeLinkedImage } from "../internal/binding-types.ts";
import { read } from "../internal/call.ts";
import { checkBits, checkName } from "../internal/check.ts";
import type { OpenImage } from "./open-image.ts";
import { type SnapshotKind, snapshotKind } from "./snapshots.ts";

/** An image that another one points to. */
export type LinkedImage = NativeLinkedImage;

export interface ParentImage extends LinkedImage {
  readonly snapshotName: string;
  readonly snapshotId: bigint;
  readonly snapshotKind: SnapshotKind;
  /** Bytes from the start that are still shared with the parent. */
  readonly overlap: number;
}

export async function parent(image: OpenImage, o?: CallOptions): Promise<ParentImage | null> {
  const found = await read(image.spec, o, (operation) => native.imageParent(image.handle, operation));
  if (found === null) return null;
  const { snapshotNamespace, ...facts } = found;
  return { ...facts, snapshotKind: snapshotKind(snapshotNamespace) };
}

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
