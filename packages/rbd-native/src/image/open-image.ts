import type { ImageRef } from "../internal/binding-types.ts";

/** An open image, as the calls on it need it. */
export interface OpenImage {
  readonly handle: ImageRef;
  /** "pool/[namespace/]image", for messages. */
  readonly spec: string;
  /** Bytes, as last seen: asked for again before a range is refused. */
  size: number;
}
