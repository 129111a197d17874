import {
  type CloneOptions,
  type ClonePhase,
  type ClonePlan,
  type CloneProgress,
  type CloneResult,
  cloneImage,
  type PlanCloneOptions,
  planClone,
} from "../clone/index.ts";
import type { Cluster } from "../cluster/index.ts";
import type { Flattener } from "./flattener.ts";
import type { DepthVerdict } from "./limits.ts";

/** `flatten-source`: the source is at the hard limit of depth, and is flattened before it is cloned; counts objects. */
export type LimitedClonePhase = ClonePhase | "flatten-source";

export interface LimitedCloneOptions extends Omit<CloneOptions, "onProgress"> {
  onProgress?: ((progress: Omit<CloneProgress, "phase"> & { phase: LimitedClonePhase }) => void) | undefined;
}

export interface LimitedCloneResult extends CloneResult {
  /** Whether the source is flattened too, and why. */
  sourceDepth: DepthVerdict;
}

/**
 * Clones an image, or one of its snapshots, within the flattener's limits of depth: a source at the soft limit is put into
 * its queue, one at the hard limit is flattened first. A clone that cannot be made is refused before that. A source that
 * was flattened stays flattened when the clone fails: it has the same content as before, and no parent.
 *
 * @throws {CoppiceError} see `cloneImage` and {@link Flattener.flatten}
 */
export async function cloneWithinLimits(
  cluster: Cluster,
  flattener: Flattener,
  options: LimitedCloneOptions,
): Promise<LimitedCloneResult> {
  const { source, signal, onProgress } = options;
  signal?.throwIfAborted();
  if ((await flattener.evaluate(source)).action === "flatten-first") {
    await planClone(cluster, options);
    onProgress?.({ phase: "flatten-source", done: 0, total: 0, unit: "objects" });
  }
  const sourceDepth = await flattener.beforeClone(source, {
    signal,
    onProgress: ({ done, total }) => onProgress?.({ phase: "flatten-source", done, total, unit: "objects" }),
  });
  return { ...(await cloneImage(cluster, options)), sourceDepth };
}

/** Returns what {@link cloneWithinLimits} would do, and changes nothing. @throws {CoppiceError} as that does */
export async function planCloneWithinLimits(
  cluster: Cluster,
  flattener: Flattener,
  options: LimitedCloneOptions & Pick<PlanCloneOptions, "memory">,
): Promise<ClonePlan & { sourceDepth: DepthVerdict }> {
  const plan = await planClone(cluster, options);
  const sourceDepth = await flattener.evaluate(options.source);
  if (sourceDepth.action === "none") return { ...plan, sourceDepth };
  const when = sourceDepth.action === "flatten-first" ? "before it is cloned" : "in the background";
  const warning = `The source is flattened ${when}: ${sourceDepth.reason}.`;
  return { ...plan, warnings: [...plan.warnings, warning], sourceDepth };
}
