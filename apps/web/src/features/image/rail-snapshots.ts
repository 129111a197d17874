import type { ImageDetail, SnapshotDetail } from "@coppice/server/router";
import { imageRef } from "#lib/links.ts";

export interface RailSnapshot {
  snapshot: SnapshotDetail;
  /** Bytes by which the image was larger (or smaller) than at the snapshot before; 0 for the first. */
  sizeChange: number;
  clones: RailClone[];
}

/** A clone that branches off at a snapshot. `ref` names it in a link. */
export interface RailClone {
  ref: string;
  spec: string;
  inTrash: boolean;
}

/** Snapshots newest first. Ids are given in order of creation, so they decide, not clocks. */
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
