import type { Cluster } from "../cluster/cluster.ts";
import type { ImageSpec } from "../names/image-spec.ts";
import { openTarget, type Target } from "./open-target.ts";

/** A target that one point after the other is copied to, open through one handle as long as that can be. */
export class ReusedTarget implements AsyncDisposable {
  readonly #cluster: Cluster;
  readonly #place: ImageSpec;
  #open: { readonly target: Target; readonly size: number } | undefined;

  constructor(cluster: Cluster, place: ImageSpec) {
    this.#cluster = cluster;
    this.#place = place;
  }

  /**
   * The target, for a copy that gives it that size, in bytes. A handle that was copied through does not change the
   * size: for another one the target is opened again.
   *
   * @throws {CoppiceError} as `openTarget`
   */
  async ofSize(size: number, signal: AbortSignal | undefined): Promise<Target> {
    if (this.#open !== undefined && this.#open.size !== size) await this[Symbol.asyncDispose]();
    this.#open ??= { target: await openTarget(this.#cluster, this.#place, signal), size };
    return this.#open.target;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.target[Symbol.asyncDispose]();
  }
}
