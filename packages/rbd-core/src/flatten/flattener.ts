import { sourceDepth } from "../clone/index.ts";
import type { Cluster } from "../cluster/index.ts";
import { allSettledOrThrow } from "../concurrency/index.ts";
import { type CoppiceError, withCoppiceErrors } from "../errors/index.ts";
import { imageFeatures, openImage } from "../image/index.ts";
import { type InventoryRow, readParent } from "../inventory/index.ts";
import { type ImageSpecLike, showImageSpec, toImageOnly, toImageSpec } from "../names/index.ts";
import { type FlattenImageResult, flattenImage } from "./flatten-image.ts";
import {
  defaultFlattenConcurrency,
  type FlattenConcurrency,
  type FlattenJob,
  FlattenQueue,
  type FlattenRequest,
} from "./flatten-queue.ts";
import { type PendingFlatten, pendingFlattens, requestFlatten, withdrawFlatten } from "./flatten-request.ts";
import {
  checkDepthLimits,
  type DepthLimits,
  type DepthVerdict,
  defaultDepthLimits,
  evaluateDepth,
} from "./limits.ts";

export interface FlattenerOptions {
  concurrency?: FlattenConcurrency | undefined;
  limits?: DepthLimits | undefined;
  /** Called with the outcome of a flatten in the background. */
  onSettled?:
    | ((image: ImageSpecLike, outcome: { result: FlattenImageResult } | { error: unknown }) => void)
    | undefined;
}

/**
 * Flattens the images of a cluster a few at a time, and resumes after a restart: every request is noted in the metadata of
 * its image.
 */
export class Flattener implements AsyncDisposable {
  readonly #cluster: Cluster;
  readonly #queue: FlattenQueue<FlattenImageResult>;
  readonly #limits: DepthLimits;
  readonly #onSettled: NonNullable<FlattenerOptions["onSettled"]>;

  /** @throws {CoppiceError} `INVALID_ARGUMENT` for limits that are not valid */
  constructor(cluster: Cluster, options: FlattenerOptions = {}) {
    const { concurrency = defaultFlattenConcurrency, limits = defaultDepthLimits } = options;
    checkDepthLimits(limits);
    this.#cluster = cluster;
    this.#limits = limits;
    this.#onSettled = options.onSettled ?? (() => {});
    this.#queue = new FlattenQueue((image, run) => flattenImage(cluster, image, run), concurrency);
  }

  /**
   * Flattens an image when its turn comes. If this process ends before, or the signal aborts, {@link resume} starts it
   * again; {@link cancel} withdraws it for good.
   *
   * @throws {CoppiceError} `INVALID_NAME`, `NOT_FOUND`, `CANCELED`, `CLOSED`; the signal's reason
   */
  async flatten(image: ImageSpecLike, request: FlattenRequest = {}): Promise<FlattenImageResult> {
    const { urgency = "later" } = request;
    if (!(await requestFlatten(this.#cluster, image, { urgency }))) {
      return { image: toImageOnly(image), flattened: false };
    }
    return this.#queue.add(image, request);
  }

  /**
   * Returns what {@link beforeClone} would do. The depth of a clone is that of its snapshot, and flattening the image
   * lowers it only where the image has the deep-flatten feature.
   *
   * @param source `pool/[namespace/]image[@snap]`
   * @throws {CoppiceError} `INVALID_NAME`, `NOT_FOUND`
   */
  async evaluate(source: ImageSpecLike): Promise<DepthVerdict> {
    const spec = toImageSpec(source);
    const object = showImageSpec(spec);
    await using image = await openImage(this.#cluster, spec, { readOnly: true });
    const [parent, features] = await withCoppiceErrors({ object }, () =>
      allSettledOrThrow([readParent(image), image.features()]),
    );
    const verdict = evaluateDepth((await sourceDepth(this.#cluster, parent)).depth, this.#limits);
    if (verdict.action === "none" || spec.snapshot === undefined) return verdict;
    if ((features & imageFeatures["deep-flatten"]) !== 0n) return verdict;
    return {
      action: "none",
      reason: `${verdict.reason}, but it lacks deep-flatten, so its snapshots stay clones`,
    };
  }

  /**
   * Prepares an image for being cloned, as ceph-csi does: at the soft limit of depth it is put into the queue, at the hard
   * limit it is flattened before this returns. The latter is not noted in the metadata: it ends with the call that waits
   * for it.
   *
   * @param source `pool/[namespace/]image[@snap]`
   * @throws {CoppiceError} as {@link evaluate} and {@link flatten} do
   */
  async beforeClone(source: ImageSpecLike, request: FlattenRequest = {}): Promise<DepthVerdict> {
    const verdict = await this.evaluate(source);
    const { snapshot: _, ...image } = toImageSpec(source);
    if (verdict.action === "flatten-first") await this.#queue.add(image, { ...request, urgency: "first" });
    if (verdict.action === "flatten-later") this.#inBackground(image, {});
    return verdict;
  }

  /**
   * Withdraws a request, and stops the flatten if it is running. Data that was copied by then is not copied again.
   *
   * @returns whether there was anything to cancel
   */
  async cancel(image: ImageSpecLike): Promise<boolean> {
    const stopped = this.#queue.cancel(image);
    return (await withdrawFlatten(this.#cluster, image)) || stopped;
  }

  /**
   * Puts into the queue what any process requested before, and is neither done nor queued.
   *
   * @param rows Of an inventory.
   * @returns `pending`: what was put into the queue.
   */
  async resume(
    rows: readonly InventoryRow[],
    options: { signal?: AbortSignal | undefined } = {},
  ): Promise<{ pending: PendingFlatten[]; unreadable: CoppiceError[] }> {
    const { pending: all, unreadable } = await pendingFlattens(this.#cluster, rows, options);
    const queued = new Set(this.#queue.list().map(({ image }) => showImageSpec(image)));
    const pending = all.filter(({ image }) => !queued.has(showImageSpec(image)));
    for (const { image, urgency } of pending) this.#inBackground(image, { urgency });
    return { pending, unreadable };
  }

  /** The running and the waiting flattens, in the order of their requests. */
  list(): FlattenJob[] {
    return this.#queue.list();
  }

  /** Stops the running flattens, and resolves when they have stopped. What is not done stays requested. */
  close(): Promise<void> {
    return this.#queue.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #inBackground(image: ImageSpecLike, request: FlattenRequest): void {
    this.flatten(image, request).then(
      (result) => this.#onSettled(image, { result }),
      (error: unknown) => this.#onSettled(image, { error }),
    );
  }
}
