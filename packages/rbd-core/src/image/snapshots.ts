import type { Image } from "rbd-native";
import type { CallOptions, Cluster } from "../cluster/index.ts";
import { withCoppiceErrors } from "../errors/index.ts";
import { formatImageSpec, type ImageSpecLike, toSnapshotSpec } from "../names/index.ts";

/**
 * Creates the snapshot `pool/[namespace/]image@snap`. (`rbd_snap_create2`)
 *
 * @throws {CoppiceError} `EXISTS`; `NOT_FOUND` for the image; `INVALID_NAME`
 */
export function createSnapshot(
  cluster: Cluster,
  snapshot: ImageSpecLike,
  options: CallOptions = {},
): Promise<void> {
  return onSnapshot(cluster, snapshot, options, "created", (image, name) =>
    image.createSnapshot(name, options),
  );
}

export interface RemoveSnapshotOptions extends CallOptions {
  /** Removes its protection first, if it has one. Default false. */
  unprotect?: boolean | undefined;
}

/**
 * Removes a snapshot. (`rbd_snap_remove2`, `rbd_snap_unprotect`)
 *
 * A call with `unprotect` that is interrupted or fails leaves the snapshot as it was, unprotected or gone; the same call
 * finishes it.
 *
 * @throws {CoppiceError} `BUSY` while it is protected, or with `unprotect` while it has clones of format 1; `NOT_FOUND`;
 * `INVALID_NAME`
 */
export function removeSnapshot(
  cluster: Cluster,
  snapshot: ImageSpecLike,
  { unprotect = false, ...options }: RemoveSnapshotOptions = {},
): Promise<void> {
  return onSnapshot(cluster, snapshot, options, "removed", async (image, name) => {
    if (unprotect && (await image.isSnapshotProtected(name, options))) {
      await image.unprotectSnapshot(name, options);
    }
    await image.removeSnapshot(name, options);
  });
}

/**
 * Protects a snapshot from removal, which clones of format 1 require. (`rbd_snap_protect`)
 *
 * @throws {CoppiceError} `BUSY` when it is protected already; `NOT_FOUND`; `INVALID_NAME`
 */
export function protectSnapshot(
  cluster: Cluster,
  snapshot: ImageSpecLike,
  options: CallOptions = {},
): Promise<void> {
  return onSnapshot(cluster, snapshot, options, "protected", (image, name) =>
    image.protectSnapshot(name, options),
  );
}

/**
 * Removes the protection of a snapshot. (`rbd_snap_unprotect`)
 *
 * @throws {CoppiceError} `BUSY` while it has clones of format 1; `NOT_FOUND`; `INVALID_NAME`
 */
export function unprotectSnapshot(
  cluster: Cluster,
  snapshot: ImageSpecLike,
  options: CallOptions = {},
): Promise<void> {
  return onSnapshot(cluster, snapshot, options, "unprotected", (image, name) =>
    image.unprotectSnapshot(name, options),
  );
}

async function onSnapshot(
  cluster: Cluster,
  snapshot: ImageSpecLike,
  { signal }: CallOptions,
  done: string,
  action: (image: Image, name: string) => Promise<void>,
): Promise<void> {
  const spec = toSnapshotSpec(snapshot);
  const object = formatImageSpec(spec);
  const ioCtx = await cluster.pool(spec.pool, spec.namespace);
  await withCoppiceErrors({ object, what: `${object} could not be ${done}` }, async () => {
    await using image = await ioCtx.openImage(spec.image, { signal });
    await action(image, spec.snapshot);
  });
}
