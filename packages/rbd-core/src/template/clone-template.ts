import type { CallOptions, Cluster } from "../cluster/index.ts";
import { CoppiceError, hasCode, withCoppiceErrors } from "../errors/index.ts";
import { imageFeatures } from "../image/index.ts";
import { type ImageSpec, parseRbdUrl, type RbdUrl, showImageSpec } from "../names/index.ts";
import {
  type CreateVolumeOptions,
  createVolume,
  type TemplateLike,
  type VolumeResult,
} from "../volume/index.ts";

export interface CloneTemplateOptions extends Omit<CreateVolumeOptions, "from" | "snapshotName"> {
  /** By its name (`@snap` unless it says otherwise) or its `rbd://` URL. */
  template: TemplateLike;
}

/**
 * Creates a volume from a template without copying data, in the same pool or another one; with `size` it is enlarged.
 *
 * @throws {CoppiceError} see `createVolume`
 */
export function cloneTemplate(
  cluster: Cluster,
  { template, ...options }: CloneTemplateOptions,
): Promise<VolumeResult> {
  return createVolume(cluster, { ...options, from: { template } });
}

/**
 * - `bad-url`: it is not the URL of a snapshot.
 * - `other-cluster`: its fsid is that of another cluster.
 * - `not-raw`: the template's format is not raw, so that a guest could not read a clone of it.
 * - `no-such-snapshot`: the pool, the image or the snapshot does not exist.
 * - `old-format`: the image has format 1, which Ceph cannot clone.
 * - `empty`: the snapshot has a size of 0 bytes, which Ceph does not clone.
 * - `no-layering`: the image lacks the feature `layering`, without which Ceph does not clone it.
 */
export type NotCloneableReason =
  | "bad-url"
  | "other-cluster"
  | "not-raw"
  | "no-such-snapshot"
  | "old-format"
  | "empty"
  | "no-layering";

export type Cloneability =
  | { cloneable: true; source: Required<ImageSpec> }
  /** `message` is one sentence without a full stop. */
  | { cloneable: false; reason: NotCloneableReason; message: string };

/**
 * Returns whether a template from another service's catalogue can be cloned in this cluster instead of being downloaded.
 *
 * Source: Nova and Cinder check the same four things, in the same order, and leave the fifth to librbd.
 *
 * @param template Its location, and its disk format according to the catalogue (`raw`, `qcow2`, …).
 * @throws {CoppiceError} when the cluster does not tell, for example `PERMISSION_DENIED`
 */
export async function isCloneable(
  cluster: Cluster,
  template: { url: string; format: string },
  { signal }: CallOptions = {},
): Promise<Cloneability> {
  signal?.throwIfAborted();
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
      await using image = await ioCtx.openImage(name, { readOnly: true, snapshot, signal });
      if (await image.isOldFormat({ signal }))
        return refuse("old-format", `${object} has format 1, which cannot be cloned`);
      if ((await image.size({ signal })) === 0)
        return refuse("empty", `${object} has a size of 0 bytes, which cannot be cloned`);
      const hasLayering = ((await image.features({ signal })) & imageFeatures.layering) !== 0n;
      return hasLayering
        ? { cloneable: true, source }
        : refuse("no-layering", `${object} lacks the feature layering, without which it cannot be cloned`);
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
