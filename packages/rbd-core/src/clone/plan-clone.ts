import type { Cluster } from "../cluster/cluster.ts";
import { withCoppiceErrors } from "../errors/to-coppice-error.ts";
import type { CloneOptions } from "./clone-options.ts";
import type { ClonePlan } from "./clone-plan.ts";
import { checkSnapshotNameFree, prepareClone } from "./prepare-clone.ts";

/**
 * Says what `cloneImage` with the same options would do, and changes nothing.
 *
 * The source may be written to between the plan and the clone: then the clone will say that it created a
 * snapshot where the plan would have reused one.
 *
 * @throws {CoppiceError} whatever `cloneImage` would refuse
 */
export async function planClone(cluster: Cluster, options: CloneOptions): Promise<ClonePlan> {
  return withCoppiceErrors({}, async () => {
    const prepared = await prepareClone(cluster, options);
    checkSnapshotNameFree(prepared);
    return prepared.plan;
  });
}
