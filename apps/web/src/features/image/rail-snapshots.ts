import type { ImageDetail, SnapshotDetail } from "@coppice/server/router";
import { imageRef } from "#lib/links.ts";

interface RailSnapshot {
  snapshot: SnapshotDetail;
  /** Change of the size of the image since the previous snapshot, in bytes; 0 for the first snapshot. */
  sizeChange: number;
  clones: RailClone[];
}

/** A clone of a snapshot. `ref` names it in a link. */
export interface RailClone {
  ref: string;
  spec: string;
  inTrash: boolean;
}

/** The snapshots of an image, newest first. Ceph assigns the ids in the order of creation, so the ids decide. */
export function railSnapshots(image: Pick<ImageDetail, "snapshots" | "children">): RailSnapshot[] {
  const refs = new Map(image.children.map((child) => [`${child.inTrash} ${child.spec}`, imageRef(child)]));
  const oldestFirst = image.snapshots.toSorted((a, b) => {
    const [left, right] = [BigInt(a.id), BigInt(b.id)];
    return left < right ? -1 : left > right ? 1 : 0;
  });
  return oldestFirst
    .map((snapshot, index) => {
      const before = oldestFirst[index - 1];
      return {
        snapshot,
        sizeChange: before === undefined ? 0 : snapshot.size - before.size,
        clones: snapshot.children.map(({ spec, inTrash }) => ({
          ref: refs.get(`${inTrash} ${spec}`) ?? spec,
          spec,
          inTrash,
        })),
      };
    })
    .reverse();
}
