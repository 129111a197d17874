import type { Cluster } from "../cluster/index.ts";
import { CoppiceError, hasCode, withCoppiceErrors } from "../errors/index.ts";
import {
  DecodeError,
  decodeImageHeader,
  decodeTrashEntry,
  decodeValue,
  directoryIdKey,
  directoryObject,
  headerObject,
  type ImageHeader,
  oldHeaderObject,
  readImageId,
  readOmap,
  readOmapValue,
  type TrashHeader,
  trashObject,
} from "../headers/index.ts";
import { type ImageSpecLike, showImageSpec, toImageSpec } from "../names/index.ts";
import { type Place, specIn } from "./list-images.ts";

/** An image by its id, which is the only way to identify an image in the trash. */
export interface ImageById {
  pool: string;
  namespace: string;
  id: string;
  /** The name of one of its snapshots. */
  snapshot?: string | undefined;
}

/** An image that {@link findImage} found, with its header. */
export interface HeldImage {
  place: Place;
  id: string;
  /** In the trash, the name that it had. */
  name: string;
  /** `pool/[namespace/]image`, for messages. In the trash the name may be in use by another image. */
  spec: string;
  trash: TrashHeader | null;
  header: ImageHeader;
}

/**
 * Finds an image and reads its header from a few small objects, without opening it.
 *
 * @throws {CoppiceError} `NOT_FOUND`; `UNSUPPORTED` for an image of format 1; `IO` when an object cannot be decoded
 */
export async function findImage(
  cluster: Cluster,
  image: ImageSpecLike | ImageById,
  signal?: AbortSignal,
): Promise<HeldImage> {
  const wanted = isById(image) ? image : toImageSpec(image);
  const { pool, namespace } = wanted;
  const object = showImageSpec({ pool, namespace, image: "id" in wanted ? wanted.id : wanted.image });
  return decoding(object, () =>
    withCoppiceErrors({ object, what: `${object} could not be read` }, async () => {
      const ioCtx = await cluster.pool(pool, namespace);
      const place: Place = { poolId: ioCtx.poolId, poolName: pool, namespace, ioCtx };
      const found =
        "id" in wanted ? await byId(place, wanted.id, signal) : await byName(place, wanted.image, signal);
      const header = decodeImageHeader(await readOmap(ioCtx, headerObject(found.id), signal));
      return { place, ...found, spec: specIn(place, found.name), header };
    }),
  );
}

export function isById(image: ImageSpecLike | ImageById): image is ImageById {
  return typeof image === "object" && "id" in image;
}

/** Runs `action` and converts a {@link DecodeError} to a {@link CoppiceError}. */
export async function decoding<T>(object: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new CoppiceError({
      code: "IO",
      call: "decode",
      object,
      message: `the metadata of ${object} could not be decoded: ${error.message}`,
      hint: "It was written by another release of Ceph, or it is damaged. Inspect the image with `rbd info`.",
      cause: error,
    });
  }
}

async function byName(place: Place, name: string, signal: AbortSignal | undefined) {
  try {
    return { id: await readImageId(place.ioCtx, name, signal), name, trash: null };
  } catch (error) {
    if (hasCode(error, "NOT_FOUND")) await refuseFormat1(place, name, signal);
    throw error;
  }
}

async function refuseFormat1(place: Place, name: string, signal: AbortSignal | undefined): Promise<void> {
  try {
    await place.ioCtx.objects.stat(oldHeaderObject(name), { signal });
  } catch (error) {
    if (hasCode(error, "NOT_FOUND")) return;
    throw error;
  }
  const object = specIn(place, name);
  throw new CoppiceError({
    code: "UNSUPPORTED",
    call: "findImage",
    object,
    message: `${object} is an image of format 1, which is deprecated and not supported`,
    hint: "Convert it to format 2 with `rbd migration prepare`.",
  });
}

async function byId(place: Place, id: string, signal: AbortSignal | undefined) {
  const key = directoryIdKey(id);
  // The trash is read last, so that an image that is moved there meanwhile is found.
  const listed = await readOmapValue(place.ioCtx, directoryObject, key, signal);
  const trashed = await readOmapValue(place.ioCtx, trashObject, key, signal);
  const trash = trashed === null ? null : decodeTrashEntry(key, trashed);
  const name = trash?.name ?? (listed && decodeValue(key, listed, (reader) => reader.string()));
  if (name !== null) return { id, name, trash };
  throw new CoppiceError({
    code: "NOT_FOUND",
    call: "findImage",
    object: id,
    message: `there is no image with the id ${id} in ${place.poolName}, nor in its trash`,
    hint: "It may have been removed.",
  });
}
