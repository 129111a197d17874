import type { Cluster } from "../../cluster/cluster.ts";
import type { ImageSpec } from "../../names/image-spec.ts";
import { openTarget, type Target } from "../target-image/open-target.ts";

/** A target that one point after the other is copied to, open through one handle as long as that can be. */
export class ReusedTarget implements AsyncDisposable {
  readonly #cluster: Cluster;
  readonly #place: ImageSpec;
  #open: Target | undefined;
  /** Of what was copied through the open handle. */
  #size: number | undefined;

  constructor(cluster: Cluster, place: ImageSpec) {
    this.#cluster = cluster;
    this.#place = place;
  }

  /** @throws {CoppiceError} as `openTarget` */
  async open(signal: AbortSignal | undefined): Promise<Target> {
    this.#open ??= await openTarget(this.#cluster, this.#place, signal);
    return this.#open;
  }

  /**
   * The target, for a copy that gives it that size, in bytes. A handle that was copied through does not change the
   * size: for another one the target is opened again.
   *
   * @throws {CoppiceError} as `openTarget`
   */
  async ofSize(size: number, signal: AbortSignal | undefined): Promise<Target> {
    if (this.#size !== undefined && this.#size !== size) await this[Symbol.asyncDispose]();
    const target = await this.open(signal);
    this.#size = size;
    return target;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const open = this.#open;
    [this.#open, this.#size] = [undefined, undefined];
    await open?.[Symbol.asyncDispose]();
  }
}
