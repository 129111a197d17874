import type { DiffRecord } from "./diff-record.ts";

const nothing = new Uint8Array(0);

/**
 * One diff's extents, of which any number of bytes can be taken or dropped at a time. Holds one piece of data.
 */
export class DiffCursor {
  readonly #records: AsyncIterator<DiffRecord, void, undefined>;
  #type: "write" | "zero" = "zero";
  #offset = 0;
  #left = 0;
  #piece: Uint8Array = nothing;

  constructor(records: AsyncIterator<DiffRecord, void, undefined>) {
    this.#records = records;
  }

  /** Where the rest of the current extent begins. */
  get offset(): number {
    return this.#offset;
  }

  /** How much of the current extent is left; 0 when {@link advance} is to be called. */
  get left(): number {
    return this.#left;
  }

  /** Goes on to the next extent. Returns false when there is none. */
  async advance(): Promise<boolean> {
    const { done, value } = await this.#records.next();
    if (done === true) return false;
    if (value.type === "data") throw new Error("data stands where an extent should");
    this.#type = value.type;
    this.#offset = value.offset;
    this.#left = value.length;
    return true;
  }

  /** Stands on a zero extent that the diff itself does not have. */
  append(offset: number, length: number): void {
    this.#type = "zero";
    this.#offset = offset;
    this.#left = length;
  }

  /** Passes on the next `count` bytes of the current extent, as records of their own. */
  async *take(count: number): AsyncGenerator<DiffRecord, void, undefined> {
    yield { type: this.#type, offset: this.#offset, length: count };
    if (this.#type === "zero") {
      this.#step(count);
      return;
    }
    for (let left = count; left > 0; ) {
      const data = await this.#data(left);
      const offset = this.#offset;
      this.#step(data.length);
      left -= data.length;
      yield { type: "data", offset, data };
    }
  }

  /** Leaves out the next `count` bytes of the current extent. */
  async drop(count: number): Promise<void> {
    if (this.#type === "write") {
      for (let left = count; left > 0; ) left -= (await this.#data(left)).length;
    }
    this.#step(count);
  }

  #step(count: number): void {
    this.#offset += count;
    this.#left -= count;
  }

  async #data(most: number): Promise<Uint8Array> {
    while (this.#piece.length === 0) {
      const { done, value } = await this.#records.next();
      if (done === true || value.type !== "data") throw new Error("a write extent ends before its data");
      this.#piece = value.data;
    }
    const taken = this.#piece.subarray(0, most);
    this.#piece = this.#piece.subarray(taken.length);
    return taken;
  }
}
