import type { Cluster } from "../cluster/cluster.ts";
import { CoppiceError } from "../errors/coppice-error.ts";
import { withCoppiceErrors } from "../errors/to-coppice-error.ts";
import { imageIdObject, oldHeaderObject } from "../headers/object-names.ts";
import { ignoreNotFound } from "../headers/read-objects.ts";
import { halfMade, isHalfMade } from "../image/half-made.ts";
import { showImageSpec } from "../names/format-image-spec.ts";
import type { ImageSpec } from "../names/image-spec.ts";
import { allSettledOrThrow } from "../parallel/together.ts";

/**
 * Makes sure that an image can be created there: pool and namespace exist, and the name is free. An image has its name by
 * the object that holds its id (in format 1, its header): looking for that is far quicker than opening what is not there.
 *
 * @throws {CoppiceError} `EXISTS`, or `NOT_FOUND` for the pool or namespace
 */
export async function checkTarget(cluster: Cluster, target: ImageSpec): Promise<void> {
  const object = showImageSpec(target);
  const ioCtx = await cluster.pool(target.pool, target.namespace);
  if (target.namespace !== "") await checkNamespace(cluster, target);
  const marks = [imageIdObject(target.image), oldHeaderObject(target.image)];
  const found = await withCoppiceErrors({ object, what: `${object} cannot be the target` }, () =>
    allSettledOrThrow(marks.map((mark) => ignoreNotFound(() => ioCtx.objects.stat(mark)))),
  );
  if (found.every((mark) => mark === null)) return;
  if (await withCoppiceErrors({ object }, () => isHalfMade(ioCtx, target.image)))
    throw halfMade(object, "cloneImage");
  throw new CoppiceError({
    code: "EXISTS",
    call: "cloneImage",
    object,
    message: `there is an image ${object} already`,
    hint: "Choose another name for the clone.",
  });
}

async function checkNamespace(cluster: Cluster, target: ImageSpec): Promise<void> {
  // Namespaces are listed in, and only in, the default one.
  const ioCtx = await cluster.pool(target.pool);
  const place = { object: `${target.pool}/${target.namespace}` };
  if (await withCoppiceErrors(place, () => ioCtx.namespaceExists(target.namespace))) return;
  throw new CoppiceError({
    code: "NOT_FOUND",
    call: "cloneImage",
    object: place.object,
    message: `the pool ${JSON.stringify(target.pool)} has no namespace ${JSON.stringify(target.namespace)}`,
    hint: "Create the namespace first, or choose another target.",
  });
}
