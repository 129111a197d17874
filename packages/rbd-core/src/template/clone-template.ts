import type { Cluster } from "../cluster/index.ts";
import { CoppiceError, hasCode, withCoppiceErrors } from "../errors/index.ts";
import {
  type ImageSpec,
  type ImageSpecLike,
  parseRbdUrl,
  type RbdUrl,
  rbdUrlScheme,
  showImageSpec,
  toImageSpec,
} from "../names/index.ts";
import { type CreateVolumeOptions, createVolume, type VolumeResult } from "../volume/index.ts";

/** The snapshot that clones of a template hang on, as Glance names it. */
export const templateSnapshot = "snap";

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

/**
 * - `bad-url`: it is no URL of a snapshot.
 * - `other-cluster`: its fsid is another cluster's.
 * - `not-raw`: the template's format is not raw, so a clone of it would be no disk.
 * - `no-such-snapshot`: the pool, the image or the snapshot is not there.
 * - `old-format`: the image has format 1, which Ceph cannot clone.
 */
export type NotCloneableReason = "bad-url" | "other-cluster" | "not-raw" | "no-such-snapshot" | "old-format";

export type Cloneability =
  | { cloneable: true; source: Required<ImageSpec> }
  /** `message` is one sentence without a full stop. */
  | { cloneable: false; reason: NotCloneableReason; message: string };

/**
 * Says whether a template elsewhere described can be cloned in this cluster instead of being downloaded.
 *
 * Source: Nova's and Cinder's check of the same four things, in the same order; the fifth reason they leave to librbd.
 *
 * @param template Its location, and the disk format its catalogue states (`raw`, `qcow2`, …).
 * @throws {CoppiceError} when the cluster cannot say, for example `PERMISSION_DENIED`
 */
export async function isCloneable(
  cluster: Cluster,
  template: { url: string; format: string },
): Promise<Cloneability> {
  const url = tryParse(template.url);
  if (url instanceof CoppiceError) return refuse("bad-url", url.message);
  if (url.fsid !== cluster.fsid) {
    return refuse("other-cluster", `the template is in the cluster ${url.fsid}, and this is ${cluster.fsid}`);
  }
  if (template.format !== "raw") {
    return refuse("not-raw", `the template's format is ${template.format}, and only raw can be cloned`);
  }
  const { fsid: _, ...place } = url;
  const source = { ...place, namespace: "" };
  const object = showImageSpec(source);
  try {
    const ioCtx = await cluster.pool(source.pool);
    const { image: name, snapshot } = source;
    return await withCoppiceErrors({ object, what: `${object} could not be opened` }, async () => {
      await using image = await ioCtx.openImage(name, { readOnly: true, snapshot });
      if (!(await image.isOldFormat())) return { cloneable: true, source };
      return refuse("old-format", `${object} has format 1, which cannot be cloned`);
    });
  } catch (error) {
    if (hasCode(error, "NOT_FOUND")) return refuse("no-such-snapshot", `there is no ${object}`);
    throw error;
  }
}

function tryParse(url: string): RbdUrl | CoppiceError {
  try {
    return parseRbdUrl(url);
  } catch (error) {
    if (error instanceof CoppiceError) return error;
    throw error;
  }
}

function refuse(reason: NotCloneableReason, message: string): Cloneability {
  return { cloneable: false, reason, message };
}

export interface CloneTemplateOptions extends Omit<CreateVolumeOptions, "from" | "snapshotName"> {
  /** By its name (`@snap` unless it says otherwise) or its `rbd://` URL. */
  template: TemplateLike;
}

/**
 * Makes a disk out of a template without copying data, in the same pool or another one; with `size` it is enlarged.
 *
 * @throws {CoppiceError} see `createVolume`
 */
export function cloneTemplate(
  cluster: Cluster,
  { template, ...options }: CloneTemplateOptions,
): Promise<VolumeResult> {
  return createVolume(cluster, { ...options, from: { template } });
}
