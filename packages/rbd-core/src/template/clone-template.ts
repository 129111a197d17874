import type { Cluster } from "../cluster/cluster.ts";
import { createVolume, type VolumeResult } from "../volume/create-volume.ts";
import type { CreateVolumeOptions } from "../volume/volume-options.ts";
import type { TemplateLike } from "./resolve-template.ts";

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
