import { checkTarget } from "../clone/check-target.ts";
import type { CloneOptions } from "../clone/clone-options.ts";
import type { CloneShape } from "../clone/decide-shape.ts";
import type { PreparedClone } from "../clone/prepare-clone.ts";
import { prepareCurrent } from "../clone/prepare-current.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { CoppiceError } from "../errors/coppice-error.ts";
import { checkSize } from "../image/check-size.ts";
import { formatImageSpec, showImageSpec } from "../names/format-image-spec.ts";
import type { ImageSpec } from "../names/image-spec.ts";
import { toImageOnly, toImageSpec } from "../names/to-image-spec.ts";
import { resolveTemplate } from "../template/resolve-template.ts";
import {
  type CreateVolumeOptions,
  defaultMaxDepth,
  type VolumeOptions,
  type VolumeOrigin,
} from "./volume-options.ts";

/** All that is known before anything is changed. */
export interface PreparedVolume {
  target: ImageSpec;
  shape: CloneShape;
  /** What the volume begins as, and what was asked for to get there; `null` for an empty volume. */
  clone: (PreparedClone & { options: CloneOptions }) | null;
}

/**
 * Looks at everything a new volume needs, and decides what it will be. Only reads.
 *
 * @throws {CoppiceError} see `createVolume`
 */
export async function prepareVolume(cluster: Cluster, options: CreateVolumeOptions): Promise<PreparedVolume> {
  const target = toImageOnly(options.target);
  if (options.from === undefined) return prepareEmpty(cluster, target, options);
  const { from, onProgress: _, maxDepth = defaultMaxDepth, ...choices } = options;
  const cloneOptions = { ...choices, maxDepth, source: originSpec(cluster.fsid, from), target };
  const prepared = await prepareCurrent(cluster, cloneOptions);
  return { target, shape: prepared.plan, clone: { ...prepared, options: cloneOptions } };
}

async function prepareEmpty(
  cluster: Cluster,
  target: ImageSpec,
  { size }: VolumeOptions,
): Promise<PreparedVolume> {
  const object = formatImageSpec(target);
  if (size === undefined) {
    throw new CoppiceError({
      code: "INVALID_ARGUMENT",
      call: "createVolume",
      object,
      message: "an empty volume needs a size",
      hint: "Give the size in bytes, or what the volume is to be made from.",
    });
  }
  checkSize("createVolume", object, size);
  await checkTarget(cluster, target);
  const flattenReason = "it is made from nothing";
  return {
    target,
    shape: { size, flatten: false, flattenReason, depth: 0 },
    clone: null,
  };
}

function originSpec(fsid: string, from: VolumeOrigin): ImageSpec {
  if ("volume" in from) return toImageOnly(from.volume);
  if ("template" in from) return resolveTemplate(fsid, from.template);
  const spec = toImageSpec(from.snapshot);
  if (spec.snapshot !== undefined) return spec;
  throw new CoppiceError({
    code: "INVALID_NAME",
    call: "createVolume",
    object: showImageSpec(spec),
    message: `${JSON.stringify(showImageSpec(spec))} names an image where a snapshot is needed`,
    hint: "Add @ and the snapshot's name, or say that the volume itself is meant.",
  });
}
