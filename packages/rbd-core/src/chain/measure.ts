/**
 * A number of bytes, and how it was found:
 * - `estimated`: from object maps. An object counts whole as soon as one byte of it was written, so the estimate
 *   is never less than the exact number. What `rbd du` shows.
 * - `exact`: from a byte-accurate diff.
 */
export interface Measure {
  bytes: number;
  accuracy: "estimated" | "exact";
}
