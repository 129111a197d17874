import type { Cluster } from "../../cluster/index.ts";
import { allSettledOrThrow } from "../../concurrency/index.ts";
import { type ImageSpecLike, toImageOnly } from "../../names/index.ts";
import { type OpenSourceOptions, openSource, type SourceRange } from "../source.ts";
import { openTarget } from "../target/open-target.ts";
import { type CopyPointOptions, type CopyPointResult, copyPoint } from "./copy-point.ts";

export interface CopyDiffOptions
  extends SourceRange,
    OpenSourceOptions,
    Omit<CopyPointOptions, "snapshot" | "from"> {
  /** An image that is there already: empty for a copy from nothing. */
  readonly target: Pick<CopyPointOptions, "snapshot" | "from"> & {
    /** Its cluster; the source's without it. */
    readonly cluster?: Cluster | undefined;
    readonly image: ImageSpecLike;
  };
}

/** `manifest` is empty without `digests`. */
export type CopyDiffResult = CopyPointResult;

/**
 * Brings what changed between two snapshots of an image, or all there is at one, to another image, in this or
 * another cluster. The data does not pass through JavaScript.
 *
 * The target is made to hold what its from-snapshot holds, which must be a copy of the source's (by id, as
 * recorded); it takes the source's size; the snapshot is made last, when everything is written and flushed.
 *
 * When it fails, is aborted, or its process ends, the target has no new snapshot of that name. Its head holds a part of
 * the copy, and says how far it is: the same call goes on there, after it has compared what is there with the source,
 * and begins anew if somebody wrote to it; any other call begins by rolling back.
 *
 * @throws {CoppiceError} `NOT_FOUND`, `EXISTS`, `NOT_EMPTY`, `BUSY` while somebody else has the target open, `QUOTA_EXCEEDED`, `NO_SPACE`,
 * `NOT_A_COPY` when the target's from-snapshot is a copy of something else, `SOURCE_CHANGED` when a snapshot of the
 * source is removed meanwhile, and Ceph's refusals, naming the extent; the signal's reason
 */
export async function copyDiff(cluster: Cluster, options: CopyDiffOptions): Promise<CopyDiffResult> {
  const { cluster: targetCluster = cluster, image, ...point } = options.target;
  await using opened = new AsyncDisposableStack();
  const [source, target] = await allSettledOrThrow([
    openSource(cluster, options, options).then((source) => opened.use(source)),
    openTarget(targetCluster, toImageOnly(image), options.signal).then((target) => opened.use(target)),
  ]);
  return await copyPoint(source, target, { ...options, from: undefined, ...point });
}
