import { randomUUID } from "node:crypto";
import type { Cluster } from "../cluster/cluster.ts";
import { openImage } from "../image/open-image.ts";
import type { ImageSpecLike } from "../names/to-image-spec.ts";

/** A snapshot that stands for an image's head while it is read. */
export interface HeadSnapshot extends AsyncDisposable {
  readonly name: string;
}

/**
 * Takes a snapshot of the head, because a head may change while it is read. Disposing removes it.
 *
 * @throws {CoppiceError} `NOT_FOUND`; RbdError
 */
export async function takeHeadSnapshot(
  cluster: Cluster,
  image: ImageSpecLike,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<HeadSnapshot> {
  const name = `coppice-head-${randomUUID()}`;
  const opened = await openImage(cluster, image);
  const remove = async () => {
    try {
      if (await opened.snapshotExists(name)) await opened.removeSnapshot(name);
    } finally {
      await opened.close();
    }
  };
  try {
    options.signal?.throwIfAborted();
    await opened.createSnapshot(name);
  } catch (error) {
    await remove();
    throw error;
  }
  return { name, [Symbol.asyncDispose]: remove };
}
