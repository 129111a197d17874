import type { Image } from "rbd-native";
import { planDiff } from "../diff/plan-diff.ts";
import type { ObjectLayout } from "../object-map/object-layout.ts";

export interface ExtentsQuery {
  /** The older user snapshot; without it everything with data is reported. */
  from?: string | undefined;
  /** Size of the image where the handle stands, in bytes. */
  size: number;
  layout: ObjectLayout;
  /** Whether the object maps of both ends can be trusted. */
  fastDiff: boolean;
  signal?: AbortSignal | undefined;
}

/** The pieces of a byte-accurate diff to where `image` stands, as offset, length, offset, length, … */
export async function collectExtents(
  image: Image,
  { from, size, layout, fastDiff, signal }: ExtentsQuery,
): Promise<{ written: number[]; discarded: number[] }> {
  const { objectSize, stripeCount } = layout;
  const written: number[] = [];
  const discarded: number[] = [];
  for await (const batch of planDiff(image, { from, size, objectSize, stripeCount, fastDiff, signal })) {
    for (const { offset, length, exists } of batch) (exists ? written : discarded).push(offset, length);
  }
  return { written, discarded };
}
