import { checkTarget } from "../clone/check-target.ts";
import type { CloneOptions } from "../clone/clone-options.ts";
import type { PreparedClone } from "../clone/prepare-clone.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { CoppiceError } from "../errors/coppice-error.ts";
import { formatImageSpec, showImageSpec } from "../names/format-image-spec.ts";
import type { ImageSpec } from "../names/image-spec.ts";
import { toImageOnly, toImageSpec } from "../names/to-image-spec.ts";
import { prepareCurrent } from "../steps/prepare-current.ts";
import { resolveTemplate } from "../template/resolve-template.ts";
import { checkSize, decideVolume, type VolumeDecision } from "./decide-volume.ts";
import type { VolumeOptions, VolumeOrigin } from "./volume-options.ts";

/** All that is known before anything is changed. */
export interface PreparedVolume {
  target: ImageSpec;
  decision: VolumeDecision;
  /** What the volume begins as, and what was asked for to get there; `null` for an empty volume. */
  clone: (PreparedClone & { options: CloneOptions }) | null;
}

/**
 * Looks at everything a new volume needs, and decides what it will be. Only reads.
 *
 * @throws {CoppiceError} see `createVolume`
 */
export async function prepareVolume(
  cluster: Cluster,
  options: VolumeOptions,
  signal?: AbortSignal,
): Promise<PreparedVolume> {
  const target = toImageOnly(options.target);
  if (options.from === undefined) return prepareEmpty(cluster, target, options);
  const { size: _, flatten: __, maxDepth: ___, from, features: ____, ...choices } = options;
  const cloneOptions = { ...choices, source: originSpec(cluster.fsid, from), target, signal };
  const prepared = await prepareCurrent(cluster, cloneOptions);
  const { plan } = prepared;
  const { snapshot } = plan;
  const spec = "volume" in from ? plan.source : { ...plan.source, snapshot: snapshot.name };
  const decision = decideVolume(target, { spec, size: plan.size, depth: plan.depth - 1 }, options);
  return { target, decision, clone: { ...prepared, options: cloneOptions } };
}

async function prepareEmpty(
  cluster: Cluster,
  target: ImageSpec,
  { size, flatten: _ }: VolumeOptions,
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
    decision: { size, grow: false, flatten: false, flattenReason, depth: 0 },
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
