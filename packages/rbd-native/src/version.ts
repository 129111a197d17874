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

/** Functions that are newer than Ceph 16, and are looked up in the loaded library when they are called. */
export const newerFunctions = {
  /** {@link DiffOptions.from} as an id; Ceph 18. */
  diffFromSnapshotId: "rbd_diff_iterate3",
  /** {@link Image.loadEncryptionLayers}; Ceph 18. */
  encryptionLayers: "rbd_encryption_load2",
  /** {@link CloneParent.snapshot} as an id; Ceph 19. */
  cloneBySnapshotId: "rbd_clone4",
} as const;

export type LibraryFeature = keyof typeof newerFunctions;

/** Which functions newer than Ceph 16 the loaded librbd has. A call that needs a missing one rejects with UNSUPPORTED. */
export function features(): Readonly<Record<LibraryFeature, boolean>> {
  const found = Object.entries(newerFunctions).map(([feature, name]) => [feature, native.hasFunction(name)]);
  return Object.fromEntries(found) as Record<LibraryFeature, boolean>;
}
