import { CoppiceError } from "../errors/coppice-error.ts";
import type { ImageSpec } from "../names/image-spec.ts";
import { type ImageSpecLike, toImageSpec } from "../names/to-image-spec.ts";
import { parseRbdUrl } from "../rbd-url/parse-rbd-url.ts";
import { rbdUrlScheme } from "../rbd-url/rbd-url.ts";
import { templateSnapshot } from "./template-snapshot.ts";

/** `pool/[namespace/]image[@snap]`, its parts, or `rbd://fsid/pool/image/snap`. */
export type TemplateLike = ImageSpecLike;

/**
 * Which snapshot a template's name means: `@snap` where none is named. Looks at the name alone.
 *
 * @param fsid Of the cluster that is meant to have it.
 * @throws {CoppiceError} `INVALID_NAME`; `INVALID_ARGUMENT` for a URL of another cluster
 */
export function resolveTemplate(fsid: string, template: TemplateLike): Required<ImageSpec> {
  if (typeof template === "string" && template.startsWith(rbdUrlScheme)) {
    const { fsid: other, ...place } = parseRbdUrl(template);
    if (other !== fsid) {
      throw new CoppiceError({
        code: "INVALID_ARGUMENT",
        call: "resolveTemplate",
        object: template,
        message: `the template is in the cluster ${other}, and this is ${fsid}`,
        hint: "Connect to that cluster, or export the template there and import it here.",
      });
    }
    return { ...place, namespace: "" };
  }
  const spec = toImageSpec(template);
  return { ...spec, snapshot: spec.snapshot ?? templateSnapshot };
}
