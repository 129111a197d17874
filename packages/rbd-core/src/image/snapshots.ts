import type { Image } from "rbd-native";
import type { Cluster } from "../cluster/index.ts";
import { withCoppiceErrors } from "../errors/index.ts";
import { formatImageSpec, type ImageSpecLike, toSnapshotSpec } from "../names/index.ts";

/** Creates `pool/[namespace/]image@snap`. (`rbd_snap_create2`) @throws {CoppiceError} `EXISTS`, `NOT_FOUND` */
export function createSnapshot(cluster: Cluster, snapshot: ImageSpecLike): Promise<void> {
  return onSnapshot(cluster, snapshot, "created", (image, name) => image.createSnapshot(name));
}

/** Removes a snapshot. (`rbd_snap_remove`) @throws {CoppiceError} `BUSY` while it is protected, `NOT_FOUND` */
export function removeSnapshot(cluster: Cluster, snapshot: ImageSpecLike): Promise<void> {
  return onSnapshot(cluster, snapshot, "removed", (image, name) => image.removeSnapshot(name));
}

/** Protects a snapshot against removal. (`rbd_snap_protect`) @throws {CoppiceError} `BUSY` when it already is */
export function protectSnapshot(cluster: Cluster, snapshot: ImageSpecLike): Promise<void> {
  return onSnapshot(cluster, snapshot, "protected", (image, name) => image.protectSnapshot(name));
}

/** Takes the protection away. (`rbd_snap_unprotect`) @throws {CoppiceError} `BUSY` while clones of format 1 hang on it */
export function unprotectSnapshot(cluster: Cluster, snapshot: ImageSpecLike): Promise<void> {
  return onSnapshot(cluster, snapshot, "unprotected", (image, name) => image.unprotectSnapshot(name));
}

async function onSnapshot(
  cluster: Cluster,
  snapshot: ImageSpecLike,
  done: string,
  action: (image: Image, name: string) => Promise<void>,
): Promise<void> {
  const spec = toSnapshotSpec(snapshot);
  const object = formatImageSpec(spec);
  const ioCtx = await cluster.pool(spec.pool, spec.namespace);
  await withCoppiceErrors({ object, what: `${object} could not be ${done}` }, async () => {
    await using image = await ioCtx.openImage(spec.image);
    await action(image, spec.snapshot);
  });
}
