import { FormatError, type FormatErrorCode } from "./format-error.ts";

/**
 * In which order extents may come.
 *
 * - `ascending`: each begins where the one before it ended, or later. What `rbd merge-diff` needs.
 * - `any`: as they come, later ones winning over earlier ones, as `rbd import-diff` applies them. `rbd
 *   export-diff` writes such streams for images with striping.
 */
export type ExtentOrder = "ascending" | "any";

/** Checks extents one after the other against the image's size and against each other. */
export class ExtentRules {
  readonly #size: number;
  readonly #order: ExtentOrder;
  #start = 0;
  #end = 0;

  constructor(size: number, order: ExtentOrder) {
    this.#size = size;
    this.#order = order;
  }

  /**
   * @param at Where the record stands in the stream.
   * @throws {FormatError} `EMPTY_RECORD`, `OUT_OF_RANGE`, `OUT_OF_ORDER`, `OVERLAP`
   */
  check(offset: number, length: number, at: number): void {
    const refusal = (code: FormatErrorCode, problem: string) =>
      new FormatError(code, at, `the extent of ${length} bytes at ${offset} ${problem}`);
    if (length === 0) throw refusal("EMPTY_RECORD", "is empty");
    // Written so that no sum can pass 2^53.
    if (offset > this.#size || length > this.#size - offset) {
      throw refusal("OUT_OF_RANGE", `ends beyond the image's size of ${this.#size}`);
    }
    if (this.#order === "any") return;
    if (offset < this.#start) throw refusal("OUT_OF_ORDER", `comes after one at ${this.#start}`);
    if (offset < this.#end) throw refusal("OVERLAP", `begins before ${this.#end}, where the last one ended`);
    this.#start = offset;
    this.#end = offset + length;
  }
}
