import { decodeValue } from "./byte-reader.ts";

/** The group an image is in. */
export interface GroupRef {
  poolId: number;
  groupId: string;
}

/** Reads the key of an image's header that names its group: `cls::rbd::GroupSpec`. `null`: in no group. */
export function decodeGroupRef(key: string, value: Uint8Array): GroupRef | null {
  return decodeValue(key, value, (reader) =>
    reader.versioned("GroupSpec", 1, () => {
      const poolId = reader.poolId();
      const groupId = reader.string();
      return poolId < 0 || groupId === "" ? null : { poolId, groupId };
    }),
  );
}

/** An image of a group, as `rbd_group_header.<group id>` names it in a key. */
export interface GroupMember {
  poolId: number;
  imageId: string;
  /** `false` while the image is being added or removed, or when that was interrupted. */
  attached: boolean;
}

const memberKey = /^image_([0-9a-f]{16})_(.+)$/s;

/** Reads one entry of `rbd_group_header.<group id>`. `null` for a key of another kind. */
export function decodeGroupMember(key: string, value: Uint8Array): GroupMember | null {
  const match = memberKey.exec(key);
  if (match === null) return null;
  const [, pool = "", imageId = ""] = match;
  const state = decodeValue(key, value, (reader) => reader.u8());
  return { poolId: Number.parseInt(pool, 16), imageId, attached: state === 0 };
}
