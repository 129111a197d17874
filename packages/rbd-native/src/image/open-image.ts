import { native } from "../internal/binding.ts";
import { type CallOptions, read } from "../internal/call.ts";
import { refuse } from "../internal/check.ts";
import type { ImageRef } from "../internal/native-types.ts";

/** The key under which an Image gives its OpenImage to the other classes of this package. */
export const openImage = Symbol("openImage");

/** The result of opening an image. */
export interface OpenedImage {
  readonly handle: ImageRef;
  /** "pool/[namespace/]image". */
  readonly spec: string;
  readonly id: string;
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** One number, which librbd's notifications increment whenever the image changes. */
  readonly changes: Uint32Array;
}

/** The state of an open image that its calls share: the handle, and the image's size. */
export class OpenImage {
  readonly handle: ImageRef;
  /** "pool/[namespace/]image", for messages. */
  readonly spec: string;
  /**
   * A copy wrote objects past librbd that the object map in this handle's memory does not have: through this handle
   * they would be taken for holes. Other handles see them.
   */
  isOutdated = false;
  readonly #changes: Uint32Array;
  #size: number;
  #seen = 0;
  #reading: { readonly change: number; readonly size: Promise<number> } | undefined;

  constructor({ handle, spec, size, changes }: OpenedImage) {
    this.handle = handle;
    this.spec = spec;
    this.#changes = changes;
    this.#size = size;
  }

  /**
   * Bytes, as last read; -1 after the image has changed, so that the size is read again before a range is taken to be
   * inside: librbd 16 ends the process (an assertion on its object map) over a write beyond the end of an image that
   * was shrunk.
   */
  get size(): number {
    return this.#seen === this.#changes[0] ? this.#size : -1;
  }

  /**
   * Reads the size from librbd. Calls without options share one read, and go on in the order in which they were made.
   */
  readSize(o?: CallOptions): Promise<number> {
    const start = () =>
      this.updateSize(() => read(this.spec, o, (operation) => native.imageSize(this.handle, operation)));
    if (o !== undefined) return start();
    const change = this.#changes[0] as number;
    if (this.#reading?.change === change) return this.#reading.size;
    const size = start().finally(() => {
      if (this.#reading?.size === size) this.#reading = undefined;
    });
    this.#reading = { change, size };
    return size;
  }

  /** Makes a call that gives the size, and keeps it; a change of the image during the call makes it outdated. */
  async updateSize(call: () => Promise<number>): Promise<number> {
    const seen = this.#changes[0] as number;
    this.#size = await call();
    this.#seen = seen;
    return this.#size;
  }

  /** Refuses a call that would rely on the object map of an outdated handle. */
  checkUpToDate(call: string): void {
    if (!this.isOutdated) return;
    refuse(call, this.spec, "a copy wrote to the image past this handle: close it and open the image again");
  }
}
