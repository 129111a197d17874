import type { ImageSpec } from "./image-spec.ts";
import { checkName } from "./name-part.ts";

/**
 * Writes a spec as `pool/[namespace/]image[@snap]`, so that {@link parseImageSpec} reads the same back.
 *
 * @throws {CoppiceError} `INVALID_NAME` when a part is empty, too long or holds an illegal character.
 */
export function formatImageSpec(spec: ImageSpec): string {
  checkName("pool", spec.pool);
  if (spec.namespace !== "") checkName("namespace", spec.namespace);
  checkName("image", spec.image);
  if (spec.snapshot !== undefined) checkName("snapshot", spec.snapshot);
  return showImageSpec(spec);
}

/**
 * The same without the checks: for messages and listings, where an image that another client named oddly must
 * still be shown. What it returns is not sure to parse.
 */
export function showImageSpec(spec: ImageSpec): string {
  const place = spec.namespace === "" ? spec.pool : `${spec.pool}/${spec.namespace}`;
  const image = `${place}/${spec.image}`;
  return spec.snapshot === undefined ? image : `${image}@${spec.snapshot}`;
}
