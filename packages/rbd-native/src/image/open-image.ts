import type { ImageRef } from "../internal/binding-types.ts";
import { refuse } from "../internal/check.ts";

/** An open image, as the calls on it need it. */
export interface OpenImage {
  readonly handle: ImageRef;
  /** "pool/[namespace/]image", for messages. */
  readonly spec: string;
  /** Bytes, as last seen: asked for again before a range is refused. */
  size: number;
  /**
   * A copy wrote objects past librbd that the object map in this handle's memory does not have: through this handle
   * they would be taken for holes. Other handles see them.
   */
  isOutdated?: boolean;
}

/** Refuses what would go by a map that lacks objects. */
export function checkUpToDate(image: OpenImage, call: string): void {
  if (!image.isOutdated) return;
  refuse(call, image.spec, "a copy wrote to the image past this handle: close it and open the image again");
}
