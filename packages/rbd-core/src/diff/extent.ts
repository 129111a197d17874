/** A run of bytes of an image. */
export interface Extent {
  readonly offset: number;
  /** At least 1. */
  readonly length: number;
  /** False: the bytes are zero now, whatever they were. */
  readonly exists: boolean;
}
