import { expect } from "vitest";
import type { PlainRbd } from "../formats/plain-rbd.ts";

/**
 * Ceph looks at every object of images and snapshots, and says which ones a map has wrong. One that is
 * marked as changed (1) and is not (3) is no fault: librbd marks an object before it makes zero what reads as zero
 * anyway.
 *
 * @param what For the failure.
 */
export async function checkObjectMaps(
  plain: PlainRbd,
  specs: readonly string[],
  what: string,
): Promise<void> {
  for (const spec of specs) {
    const { features } = JSON.parse(String(await plain.rbd(["info", "--format", "json", spec])));
    if (!features.includes("object-map")) return;
    const wrong = await plain.wrongInObjectMap(spec);
    expect(
      wrong.filter((text) => !text.endsWith("marked as 1, but should be 3")),
      what,
    ).toEqual([]);
  }
}
