import { CoppiceError } from "../../errors/index.ts";
import { imageFeatures, openImage } from "../../image/index.ts";
import { retryWhileBusy } from "../../operation/index.ts";
import { setSize } from "./head.ts";
import { holdTarget, type Target } from "./open-target.ts";

/** How often the size is looked at, in milliseconds. It is in the handle's memory: no round trip is needed. */
const interval = 20;

/**
 * Notices that another client resizes the image that a copy writes to. Keeping the exclusive lock does not prevent that:
 * librbd sends the request to the handle that holds the lock, which carries it out.
 */
export class SizeGuard implements Disposable {
  readonly #target: Target;
  readonly #changed = new AbortController();
  #size: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(target: Target) {
    this.#target = target;
  }

  /** Whether the size has changed since {@link begin}. */
  get isChanged(): boolean {
    return this.#changed.signal.aborted;
  }

  /** Begins to watch. @returns The copy's signal, which a change of the size aborts as well. */
  begin(size: number, signal: AbortSignal | undefined): AbortSignal {
    this.#size = size;
    this.#timer = setInterval(() => void this.check().catch(() => {}), interval);
    return signal === undefined ? this.#changed.signal : AbortSignal.any([signal, this.#changed.signal]);
  }

  /** @throws {CoppiceError} `SOURCE_CHANGED` when the size has changed; RbdError */
  async check(): Promise<void> {
    if (this.#size !== undefined) this.checkSize(await this.#target.image.size());
  }

  /** @throws {CoppiceError} `SOURCE_CHANGED` when that is not the size, or when it was another meanwhile */
  checkSize(size: number): void {
    if (this.#size !== undefined && size !== this.#size && !this.isChanged) {
      this.#changed.abort(resized(this.#target.spec, this.#size, size));
    }
    this.#changed.signal.throwIfAborted();
  }

  /**
   * Makes the image's object map right again: what was written past librbd may lie beyond the end of an image that was
   * shrunk meanwhile, and would show through when the image grows. Closes the target's handle, whose map is not right.
   */
  async repair(): Promise<void> {
    const { cluster, place, spec, image } = this.#target;
    await image.close();
    await using again = await openImage(cluster, place);
    // The client that resizes the image may still have it open.
    await retryWhileBusy(() => holdTarget(again, spec), { attempts: 50, pauseMilliseconds: 100 });
    await setSize(again, this.#size ?? 0);
    const hasMap = ((await again.features()) & imageFeatures["object-map"]) !== 0n;
    if (hasMap) await again.rebuildObjectMap();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

function resized(spec: string, wanted: number, found: number): CoppiceError {
  return new CoppiceError({
    code: "SOURCE_CHANGED",
    call: "copyDiff",
    object: spec,
    message: `another client resized ${spec} from ${wanted} to ${found} bytes while it was being copied to`,
    hint: "See that no other client uses the target, and try again.",
  });
}
