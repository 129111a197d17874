import type { Cluster } from "../cluster/index.ts";
import { CoppiceError, hasCode, withCoppiceErrors } from "../errors/index.ts";
import {
  DecodeError,
  decodeDirectoryEntry,
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
  readOmapOrNone,
  readOmapValue,
  type TrashHeader,
  trashObject,
} from "../headers/index.ts";
import { type ImageSpecLike, showImageSpec, toImageSpec } from "../names/index.ts";
import type { Place } from "./image-reader.ts";

/** An image by its id: the only way to name one in the trash. */
export interface ImageById {
  pool: string;
  namespace: string;
  id: string;
  /** The name of one of its snapshots. */
  snapshot?: string;
}

export interface HeldImage {
  place: Place;
  id: string;
  /** In the trash, the name it had. */
  name: string;
  /** `pool/[namespace/]image`, for messages. */
  spec: string;
  trash: TrashHeader | null;
  header: ImageHeader;
}

/**
 * Finds an image and reads its header out of a few small objects. Nothing is opened.
 *
 * @throws {CoppiceError} `NOT_FOUND`; `UNSUPPORTED` for an image of format 1; `IO` when something does not decode
 */
export async function findImage(
  cluster: Cluster,
  image: ImageSpecLike | ImageById,
  signal?: AbortSignal,
): Promise<HeldImage> {
  const wanted = isById(image) ? image : toImageSpec(image);
  const { pool, namespace } = wanted;
  const shown = (name: string) => showImageSpec({ pool, namespace, image: name });
  const asked = shown("id" in wanted ? wanted.id : wanted.image);
  return decoding(asked, () =>
    withCoppiceErrors({ object: asked, what: `${asked} could not be read` }, async () => {
      const ioCtx = await cluster.pool(pool, namespace);
      const place: Place = { poolId: ioCtx.poolId, poolName: pool, namespace, ioCtx };
      const found =
        "id" in wanted ? await byId(place, wanted.id, signal) : await byName(place, wanted.image, signal);
      const header = decodeImageHeader(await readOmap(ioCtx, headerObject(found.id), signal));
      return { place, ...found, spec: shown(found.name), header };
    }),
  );
}

export function isById(image: ImageSpecLike | ImageById): image is ImageById {
  return typeof image === "object" && "id" in image;
}

/** Turns a {@link DecodeError} into an error of this package. */
export async function decoding<T>(object: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new CoppiceError({
      code: "IO",
      call: "decode",
      object,
      message: `what Ceph holds about ${object} could not be understood: ${error.message}`,
      hint: "Another release of Ceph may have written it, or it is damaged: look at the image with `rbd info`.",
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
  const object = showImageSpec({ pool: place.poolName, namespace: place.namespace, image: name });
  throw new CoppiceError({
    code: "UNSUPPORTED",
    call: "findImage",
    object,
    message: `${object} is an image of format 1, which Ceph gave up years ago`,
    hint: "Bring it to format 2 with `rbd migration prepare`.",
  });
}

async function byId(place: Place, id: string, signal: AbortSignal | undefined) {
  const key = directoryIdKey(id);
  // The trash is asked last: an image that is moved there meanwhile is found there.
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
    hint: "It may have been removed meanwhile.",
  });
}

/** The images of a pool's namespace by id. */
export interface PlaceNames {
  images: ReadonlyMap<string, string>;
  trash: ReadonlyMap<string, TrashHeader>;
}

/**
 * Reads the directory and the trash of a place. An image that is moved to the trash meanwhile is found there:
 * the trash is read last.
 *
 * @throws {RbdError}
 * @throws {DecodeError}
 */
export async function readPlaceNames(place: Place, signal: AbortSignal | undefined): Promise<PlaceNames> {
  const images = new Map<string, string>();
  for (const [key, value] of await readOmapOrNone(place.ioCtx, directoryObject, signal)) {
    const entry = decodeDirectoryEntry(key, value);
    if (entry !== null) images.set(entry.id, entry.name);
  }
  const trash = new Map<string, TrashHeader>();
  for (const [key, value] of await readOmapOrNone(place.ioCtx, trashObject, signal)) {
    const entry = decodeTrashEntry(key, value);
    if (entry !== null) trash.set(entry.imageId, entry);
  }
  return { images, trash };
}
