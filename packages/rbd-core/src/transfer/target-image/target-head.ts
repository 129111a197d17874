import type { Image } from "rbd-native";
import type { Cluster } from "../../cluster/cluster.ts";
import { CoppiceError } from "../../errors/coppice-error.ts";
import { showImageSpec } from "../../names/format-image-spec.ts";
import type { ImageSpec } from "../../names/image-spec.ts";
import type { KnownSnapshot } from "../source-image/find-snapshot.ts";
import { headEquals } from "./head-equals.ts";
import { headIsUntouched } from "./head-untouched.ts";

/**
 * Sees to it that an image's head is what a snapshot holds; or, without one, that it is empty.
 *
 * @param image Open for writing; its lock is held, where it has one.
 * @returns Whether it had to be rolled back.
 * @throws {CoppiceError} `NOT_EMPTY` when there is data and no snapshot to go back to; `INVALID_ARGUMENT` when
 * rolling back does not bring the snapshot's contents back.
 */
export async function prepareHead(
  cluster: Cluster,
  place: ImageSpec,
  image: Image,
  snapshot: KnownSnapshot | undefined,
  signal?: AbortSignal,
): Promise<boolean> {
  const ioCtx = await cluster.pool(place.pool, place.namespace);
  if (await headIsUntouched(ioCtx, image.id, snapshot, signal)) return false;
  if (await headEquals(cluster, place, snapshot, signal)) return false;
  const spec = showImageSpec(place);
  if (snapshot === undefined) {
    throw new CoppiceError({
      code: "NOT_EMPTY",
      call: "prepareHead",
      object: spec,
      message: `${spec} holds data, so a diff from nothing cannot be applied to it`,
      hint: "Apply it to a new image.",
    });
  }
  await image.rollback(snapshot.name, { signal });
  if (await headEquals(cluster, place, snapshot, signal)) return true;
  throw new CoppiceError({
    code: "INVALID_ARGUMENT",
    call: "prepareHead",
    object: `${spec}@${snapshot.name}`,
    message: `rolling ${spec} back to ${JSON.stringify(snapshot.name)} does not bring back what the snapshot holds`,
    hint: "It is a clone that was cut since. Restore to a new image instead.",
  });
}

/**
 * Takes back what a transfer did to an image's head.
 *
 * @param size What it was before, in bytes; used without a snapshot.
 */
export async function undoHead(
  image: Image,
  snapshot: KnownSnapshot | undefined,
  size: number,
): Promise<void> {
  if (snapshot !== undefined) {
    await image.rollback(snapshot.name);
    return;
  }
  await image.resize(0, { allowShrink: true });
  await image.resize(size);
}

/** Gives an image a size, and checks that it has it. */
export async function setSize(image: Image, size: number, signal?: AbortSignal): Promise<void> {
  if ((await image.size({ signal })) !== size) await image.resize(size, { allowShrink: true, signal });
  const got = await image.size({ signal });
  if (got === size) return;
  throw new CoppiceError({
    code: "SOURCE_CHANGED",
    call: "rbd_resize2",
    object: image.name,
    message: `${image.name} has ${got} bytes after it was resized to ${size}`,
    hint: "Another client resized it meanwhile: see that it is left alone, and try again.",
  });
}
