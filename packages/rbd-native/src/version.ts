import { native } from "./internal/binding.ts";

export interface Version {
  readonly major: number;
  readonly minor: number;
  readonly extra: number;
}

/** The loaded librbd's interface version: 1.16.0 with Ceph 16. Wraps rbd_version. */
export function version(): Version {
  return native.version().librbd;
}

/** The loaded librados's interface version. Wraps rados_version. */
export function radosVersion(): Version {
  return native.version().librados;
}

/** Functions that came after Ceph 16. */
const newerFunctions = {
  cloneBySnapshotId: "rbd_clone4",
  diffFromSnapshotId: "rbd_diff_iterate3",
  encryptionLoadLayers: "rbd_encryption_load2",
  groupSnapshotInfo: "rbd_group_snap_get_info",
  groupId: "rbd_group_get_id",
  mirrorImageRemoteNamespace: "rbd_mirror_remote_namespace_get",
} as const;

export type LibraryFeature = keyof typeof newerFunctions;

/** What the loaded librbd can do beyond Ceph 16, looked up at run time. */
export function features(): Readonly<Record<LibraryFeature, boolean>> {
  const found = Object.entries(newerFunctions).map(([feature, name]) => [feature, native.hasFunction(name)]);
  return Object.fromEntries(found) as Record<LibraryFeature, boolean>;
}
