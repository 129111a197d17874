import type { Cluster } from "../cluster/cluster.ts";
import { CoppiceError } from "../errors/coppice-error.ts";
import { hasCode, withCoppiceErrors } from "../errors/to-coppice-error.ts";
import { showImageSpec } from "../names/format-image-spec.ts";
import type { ImageSpec } from "../names/image-spec.ts";
import { parseRbdUrl } from "../rbd-url/parse-rbd-url.ts";
import type { RbdUrl } from "../rbd-url/rbd-url.ts";

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
