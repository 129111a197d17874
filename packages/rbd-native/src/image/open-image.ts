import type { ImageRef } from "../internal/binding-types.ts";
import { refuse } from "../internal/check.ts";

export interface OpenedImage {
  readonly handle: ImageRef;
  readonly spec: string;
  readonly size: number;
  /** One number, which becomes another one whenever librbd hears that somebody changed the image. */
  readonly changes: Uint32Array;
}

/** An open image, as the calls on it need it. */
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
  #asking: { readonly change: number; readonly answer: Promise<number> } | undefined;

  constructor({ handle, spec, size, changes }: OpenedImage) {
    this.handle = handle;
    this.spec = spec;
    this.#changes = changes;
    this.#size = size;
  }

  /**
   * Bytes, as last seen; -1 since somebody changed the image, so that the size is asked for again before a range is
   * taken to be inside: librbd 16 ends the process (an assertion on its object map) over a write to what an image had
   * before it was shrunk.
   */
  get size(): number {
    return this.#seen === this.#changes[0] ? this.#size : -1;
  }

  /** Asks for the size; what changes meanwhile makes the answer an old one. */
  async learnSize(ask: () => Promise<number>): Promise<number> {
    const seen = this.#changes[0] as number;
    this.#size = await ask();
    this.#seen = seen;
    return this.#size;
  }

  /** The same, once for all calls that wait for it; they go on in the order they were made. */
  learnSizeTogether(ask: () => Promise<number>): Promise<number> {
    const change = this.#changes[0] as number;
    if (this.#asking?.change === change) return this.#asking.answer;
    const answer = this.learnSize(ask).finally(() => {
      if (this.#asking?.answer === answer) this.#asking = undefined;
    });
    this.#asking = { change, answer };
    return answer;
  }
}

/** Refuses what would go by a map that lacks objects. */
export function checkUpToDate(image: OpenImage, call: string): void {
  if (!image.isOutdated) return;
  refuse(call, image.spec, "a copy wrote to the image past this handle: close it and open the image again");
}
