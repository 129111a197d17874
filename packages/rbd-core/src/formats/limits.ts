/**
 * The most bytes a snapshot's name can have in a diff: what Ceph's own readers accept, so that a corrupt length
 * is not taken for a name.
 */
export const longestSnapshotName = 4096;

/** The most bytes of one piece of image metadata, key and value together. */
export const longestMetadata = 1024 ** 2;

/** The most bytes of metadata of one image. */
export const mostMetadata = 16 * 1024 ** 2;

/** The most diffs in one image stream: snapshots and the head. */
export const mostDiffs = 65_536;
