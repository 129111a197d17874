import type { Notification } from "rbd-native";
import { CoppiceError } from "../../errors/index.ts";
import { headerObject } from "../../headers/index.ts";
import { imageFeatures, openImage } from "../../image/index.ts";
import { retryWhileBusy } from "../../operation/index.ts";
import { setSize } from "./head.ts";
import { holdTarget, type Target } from "./open-target.ts";

/** What clients tell each other through an image's header (librbd/WatchNotifyTypes.h). */
const headerUpdate = 3;
const resizeRequest = 7;

/**
 * Notices that another client resizes the image that a copy writes to, also when it gets its size back. Keeping the exclusive
 * lock does not prevent that: librbd sends the request to the handle that holds the lock, which carries it out. The request is
 * a notification to all who watch the header, and it is seen before it is carried out. Of an image without an exclusive lock
 * a client changes the header by itself, and notifies everybody before its next change.
 */
export class SizeGuard implements AsyncDisposable {
  readonly #target: Target;
  readonly #hasLock: boolean;
  readonly #ownId: bigint;
  readonly #changed = new AbortController();
  #size: number | undefined;
  #watch: AsyncDisposable | undefined;

  private constructor(target: Target, hasLock: boolean, ownId: bigint) {
    this.#target = target;
    this.#hasLock = hasLock;
    this.#ownId = ownId;
  }

  /** @throws RbdError */
  static async of(target: Target): Promise<SizeGuard> {
    const features = await target.image.features();
    const hasLock = (features & imageFeatures["exclusive-lock"]) !== 0n;
    return new SizeGuard(target, hasLock, await target.cluster.clientId());
  }

  /** Whether another client has changed the size, or may have, since {@link begin}. */
  get isChanged(): boolean {
    return this.#changed.signal.aborted;
  }

  /**
   * Begins to watch.
   *
   * @param size The size that the image has now, in bytes.
   * @returns The copy's signal, which a change of the size aborts as well.
   * @throws RbdError
   */
  async begin(size: number, signal: AbortSignal | undefined): Promise<AbortSignal> {
    const { ioCtx, image } = this.#target;
    this.#watch = await ioCtx.objects.watch(headerObject(image.id), {
      onNotify: (notification) => {
        if (this.#isChange(notification))
          this.#abort(this.#hasLock ? "another client resized it" : "another client changed it");
        return undefined;
      },
      // A notification may have been missed.
      onError: () => this.#abort("the watch that tells of changes was lost"),
    });
    this.#size = size;
    await this.check();
    return signal === undefined ? this.#changed.signal : AbortSignal.any([signal, this.#changed.signal]);
  }

  /** @throws {CoppiceError} `SOURCE_CHANGED` when the size has changed, also for a while; RbdError */
  async check(): Promise<void> {
    if (this.#size === undefined) return;
    const { image } = this.#target;
    // Nobody is told of a shrinking that has begun without the lock. Its client has the image open.
    const watchers = this.#hasLock ? 0 : (await image.listWatchers()).length;
    if (watchers > 2) this.#abort("another client opened it");
    const size = await image.size();
    // What was notified before is in the event loop's queue now.
    await new Promise(setImmediate);
    this.checkSize(size);
  }

  /** @throws {CoppiceError} `SOURCE_CHANGED` when that is not the size, or when it was another meanwhile */
  checkSize(size: number): void {
    if (this.#size !== undefined && size !== this.#size) {
      this.#abort(`another client resized it from ${this.#size} to ${size} bytes`);
    }
    this.#changed.signal.throwIfAborted();
  }

  /**
   * Makes the image's object map right again: what was written past librbd may lie beyond the end of an image that was
   * shrunk meanwhile, and would show through when the image grows. Closes the target's handle, whose map is not right.
   */
  async repair(): Promise<void> {
    const { cluster, place, spec, image } = this.#target;
    await this.#endWatch();
    await image.close();
    await using again = await openImage(cluster, place);
    // The client that resizes the image may still have it open.
    await retryWhileBusy(() => holdTarget(again, spec), { attempts: 50, pauseMilliseconds: 100 });
    await setSize(again, this.#size ?? 0);
    const hasMap = ((await again.features()) & imageFeatures["object-map"]) !== 0n;
    if (hasMap) await again.rebuildObjectMap();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#endWatch();
  }

  async #endWatch(): Promise<void> {
    const watch = this.#watch;
    this.#watch = undefined;
    await watch?.[Symbol.asyncDispose]();
  }

  #isChange({ data, notifierId }: Notification): boolean {
    // A version, the oldest that can read it, the length, and what is notified.
    const kind = data.length < 10 ? undefined : data.readUInt32LE(6);
    if (this.#hasLock) return kind === resizeRequest;
    return kind === headerUpdate && notifierId !== this.#ownId;
  }

  #abort(what: string): void {
    if (!this.isChanged) this.#changed.abort(disturbed(this.#target.spec, what));
  }
}

function disturbed(spec: string, what: string): CoppiceError {
  return new CoppiceError({
    code: "SOURCE_CHANGED",
    call: "copyDiff",
    object: spec,
    message: `while ${spec} was being copied to, ${what}`,
    hint: "See that no other client uses the target, and try again.",
  });
}
