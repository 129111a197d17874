import { withCoppiceErrors } from "../errors/to-coppice-error.ts";
import type { ImageEntry, Place } from "./image-reader.ts";

/**
 * The images of a pool's namespace and what is in its trash. An image that is moved to the trash while this
 * looks is found there, and only there.
 *
 * @throws {CoppiceError} when either cannot be listed
 */
export async function listPlace(place: Place): Promise<ImageEntry[]> {
  const object = place.namespace === "" ? place.poolName : `${place.poolName}/${place.namespace}`;
  const images = await withCoppiceErrors(
    { object, what: `the images of ${object} could not be listed` },
    () => place.ioCtx.listImages(),
  );
  const trash = await withCoppiceErrors({ object, what: `the trash of ${object} could not be listed` }, () =>
    place.ioCtx.listTrash(),
  );
  const inTrash = new Set(trash.map((entry) => entry.id));
  return [
    ...images
      .filter((image) => image.id === "" || !inTrash.has(image.id))
      .map(({ id, name }) => ({ place, id, name, trash: null })),
    ...trash.map(({ id, name, source, deletedAt, deferredUntil }) => ({
      place,
      id,
      name,
      trash: { name, deletedAt, deferredUntil, source },
    })),
  ];
}
