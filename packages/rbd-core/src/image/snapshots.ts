import { type Image, RbdError } from "rbd-native";
import type { CallOptions, Cluster } from "../cluster/index.ts";
import { CoppiceError, hasCode, withCoppiceErrors } from "../errors/index.ts";
import {
  checkName,
  formatImageSpec,
  type ImageSpecLike,
  showImageSpec,
  toSnapshotSpec,
} from "../names/index.ts";
import { imageFeatures } from "./features.ts";

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
 * @throws {CoppiceError} `BUSY` while it is protected, or with `unprotect` while it has clones of format 1, which the error
 * names; `NOT_FOUND`; `INVALID_NAME`
 */
export function removeSnapshot(
  cluster: Cluster,
  snapshot: ImageSpecLike,
  { unprotect = false, ...options }: RemoveSnapshotOptions = {},
): Promise<void> {
  return onSnapshot(cluster, snapshot, options, "removed", async (image, name, object) => {
    await explainBusy(image, name, object, async () => {
      if (unprotect && (await image.isSnapshotProtected(name, options))) {
        await image.unprotectSnapshot(name, options);
      }
      await image.removeSnapshot(name, options);
    });
  });
}

/**
 * Renames a snapshot; its clones stay. (`rbd_snap_rename`)
 *
 * @param name the new name, without the `@`
 * @throws {CoppiceError} `EXISTS`; `NOT_FOUND`; `INVALID_NAME`
 */
export async function renameSnapshot(
  cluster: Cluster,
  snapshot: ImageSpecLike,
  name: string,
  options: CallOptions = {},
): Promise<void> {
  checkName("snapshot", name);
  await onSnapshot(cluster, snapshot, options, "renamed", (image, from) =>
    image.renameSnapshot(from, name, options),
  );
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
 * @throws {CoppiceError} `BUSY` while it has clones of format 1, which the error names; `NOT_FOUND`; `INVALID_NAME`
 */
export function unprotectSnapshot(
  cluster: Cluster,
  snapshot: ImageSpecLike,
  options: CallOptions = {},
): Promise<void> {
  return onSnapshot(cluster, snapshot, options, "unprotected", (image, name, object) =>
    explainBusy(image, name, object, () => image.unprotectSnapshot(name, options)),
  );
}

const mostNamed = 20;

/** Says why a snapshot is busy: names its clones, or says that it is protected. @throws RbdError; {@link CoppiceError} `BUSY` */
async function explainBusy(
  image: Image,
  name: string,
  object: string,
  action: () => Promise<void>,
): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (!(error instanceof RbdError) || error.code !== "BUSY") throw error;
    const why = await whyBusy(image, name, object);
    if (why === null) throw error;
    const { code, errno, call } = error;
    throw new CoppiceError({ ...why, code, errno, call, object, cause: error });
  }
}

/** `null` when neither clones nor protection keep the snapshot, or when this user may not search for clones. */
async function whyBusy(
  image: Image,
  name: string,
  object: string,
): Promise<{ message: string; hint: string } | null> {
  let clones: Awaited<ReturnType<Image["listChildren"]>>;
  try {
    clones = await image.listChildren(name);
  } catch (error) {
    if (hasCode(error, "PERMISSION_DENIED")) return null;
    throw error;
  }
  if (clones.length > 0) {
    const named = clones.slice(0, mostNamed).map(({ poolName, namespace, imageName, trash }) => {
      const spec = showImageSpec({ pool: poolName, namespace, image: imageName });
      return trash ? `${spec} (in the trash)` : spec;
    });
    if (clones.length > mostNamed) named.push(`and ${clones.length - mostNamed} more`);
    const count = clones.length === 1 ? "1 clone reads" : `${clones.length} clones read`;
    return {
      message: `${count} from ${object}: ${named.join(", ")}`,
      hint: "Remove the clones or flatten them first.",
    };
  }
  if (!(await image.isSnapshotProtected(name))) return null;
  return {
    message: `${object} is protected`,
    hint: "Remove its protection first: `unprotectSnapshot`, or `removeSnapshot` with `unprotect`.",
  };
}

async function onSnapshot(
  cluster: Cluster,
  snapshot: ImageSpecLike,
  { signal }: CallOptions,
  done: string,
  action: (image: Image, name: string, object: string) => Promise<void>,
): Promise<void> {
  const spec = toSnapshotSpec(snapshot);
  const object = formatImageSpec(spec);
  const ioCtx = await cluster.pool(spec.pool, spec.namespace);
  await withCoppiceErrors({ object, what: `${object} could not be ${done}` }, async () => {
    await using image = await ioCtx.openImage(spec.image, { signal });
    await action(image, spec.snapshot, object);
  });
}

/**
 * Makes the object map of an image's head right again after a rollback that was interrupted. librbd gives the head the
 * snapshot's map before it touches an object, so the map may say that objects are gone which are still there, and another
 * rollback would skip them: their data would show through later. Does nothing for an image without object maps.
 *
 * @param image Open for writing.
 * @throws RbdError
 */
export async function repairMapAfterRollback(image: Image): Promise<void> {
  if (((await image.features()) & imageFeatures["object-map"]) !== 0n) await image.rebuildObjectMap();
}
