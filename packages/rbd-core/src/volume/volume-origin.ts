import { CoppiceError } from "../errors/index.ts";
import {
  type ImageSpec,
  type ImageSpecLike,
  parseRbdUrl,
  rbdUrlScheme,
  toImageOnly,
  toImageSpec,
  toSnapshotSpec,
} from "../names/index.ts";

/** What a volume is made from. */
export type VolumeOrigin =
  /** `pool/[namespace/]image@snap` */
  | { snapshot: ImageSpecLike }
  /** `pool/[namespace/]image`: its current state. */
  | { volume: ImageSpecLike }
  /** A template, by its name (`@snap` unless it says otherwise) or its `rbd://` URL. */
  | { template: TemplateLike };

/** The image or snapshot to clone. Reads nothing. @throws {CoppiceError} `INVALID_NAME`, `INVALID_ARGUMENT` */
export function originSpec(fsid: string, from: VolumeOrigin): ImageSpec {
  if ("volume" in from) return toImageOnly(from.volume);
  if ("template" in from) return resolveTemplate(fsid, from.template);
  return toSnapshotSpec(from.snapshot);
}

/** The snapshot of a template that its clones are made from, as Glance names it. */
export const templateSnapshot = "snap";

/** `pool/[namespace/]image[@snap]`, its parts, or `rbd://fsid/pool/image/snap`. */
export type TemplateLike = ImageSpecLike;

/**
 * The snapshot that a template's name stands for: `@snap` where it names none. Reads nothing.
 *
 * @param fsid Of the cluster that has to hold the template.
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
