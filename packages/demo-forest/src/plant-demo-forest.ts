import type { Cluster } from "rbd-core";
import { forestPlan } from "./forest-plan.ts";
import { type Planting, type PlantingOptions, plantForest } from "./plant-forest.ts";

/**
 * Plants a small believable forest: templates, golden images, disks with snapshots, clones of clones, an image
 * in the trash; about 300 MiB of data. Done once for a cluster: images that people remove stay removed. A
 * planting that was cut short is completed by the next one, which replaces half-made images.
 *
 * @throws {CoppiceError} `EXISTS` when the cluster has images with these names that were not planted here
 */
export function plantDemoForest(cluster: Cluster, options: PlantingOptions = {}): Promise<Planting> {
  return plantForest(cluster, forestPlan, options);
}
