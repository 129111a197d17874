import type { Cluster } from "../cluster/cluster.ts";
import type { ImageById } from "../headers/find-image.ts";
import type { ImageSpecLike } from "../names/to-image-spec.ts";
import type { DeletionPlan } from "./deletion-plan-types.ts";
import { type FindDependants, gatherDeletionFacts } from "./gather-facts.ts";
import { planDeletion } from "./plan-deletion.ts";

export interface DeletionPlanOptions {
  /** Asked for what outside of Ceph needs the image, such as backups. */
  findDependants?: FindDependants;
  signal?: AbortSignal;
}

/**
 * "Why can't I delete this?": everything that stands in the way of removing an image or one of its snapshots,
 * and the shortest safe sequences of steps. Changes nothing. Carry one out with `executeDeletion`.
 *
 * @param target an image, a snapshot (`pool/image@snap`), or by id, as for an image in the trash
 * @throws {CoppiceError} `NOT_FOUND`; `UNSUPPORTED` for an image of format 1
 */
export async function deletionPlan(
  cluster: Cluster,
  target: ImageSpecLike | ImageById,
  options: DeletionPlanOptions = {},
): Promise<DeletionPlan> {
  return planDeletion(await gatherDeletionFacts(cluster, target, options));
}
