import { CoppiceError, type ImageById, type ImageSpec, parseImageSpec } from "rbd-core";
import { z } from "zod";
import { typedSpec } from "../api/schemas.ts";
import { imageKey, localName } from "../inventory/image-row.ts";

/** `pool/[namespace/]image`, or the key of a row: the only way to name an image in the trash. */
export const imageName = typedSpec;

/** An image by its id. */
export const imageById = z.object({ pool: z.string(), namespace: z.string(), id: z.string() });

/**
 * The image that a caller names: by its id when the name is a key, otherwise by its spec, which the cluster itself looks up.
 *
 * @throws {CoppiceError} `INVALID_NAME`, also for the name of a snapshot
 */
export function namedImage(cluster: string, name: string): ImageSpec | ImageById {
  const local = localName(cluster, name);
  if (local !== name) {
    const [pool = "", namespace = "", id = ""] = local.split("/");
    if (pool !== "" && /^[0-9a-z]{1,64}$/.test(id)) return { pool, namespace, id };
  }
  return plainImage(name);
}

/** An image by its spec alone. @throws {CoppiceError} `INVALID_NAME`, also for the name of a snapshot or a key */
export function plainImage(name: string): ImageSpec {
  const spec = parseImageSpec(name);
  if (spec.snapshot === undefined) return spec;
  throw new CoppiceError({
    code: "INVALID_NAME",
    call: "parseImageSpec",
    object: name,
    message: `${JSON.stringify(name)} names a snapshot where an image is needed`,
    hint: "Write pool/[namespace/]image.",
  });
}

/** The key in the API of an image with this id. */
export function keyOf(cluster: string, { pool, namespace, id }: ImageById): string {
  return imageKey(cluster, `${pool}/${namespace}/${id}`);
}
