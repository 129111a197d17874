import { CoppiceError } from "../errors/coppice-error.ts";
import { showImageSpec } from "../names/format-image-spec.ts";
import type { ImageSpec } from "../names/image-spec.ts";
import { formatRbdUrl } from "./format-rbd-url.ts";

/**
 * The URL of a snapshot of this cluster, or `null` for one that no such URL can name, because it is in a namespace.
 *
 * @throws {CoppiceError} `INVALID_NAME` when no snapshot is named, or a name is none that can be.
 */
export function toRbdUrl(fsid: string, spec: ImageSpec): string | null {
  if (spec.snapshot === undefined) {
    throw new CoppiceError({
      code: "INVALID_NAME",
      call: "formatRbdUrl",
      object: showImageSpec(spec),
      message: `${JSON.stringify(showImageSpec(spec))} names an image where a snapshot is needed`,
      hint: "Add @ and the snapshot's name.",
    });
  }
  if (spec.namespace !== "") return null;
  return formatRbdUrl({ fsid, pool: spec.pool, image: spec.image, snapshot: spec.snapshot });
}
