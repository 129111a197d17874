import type { CanvasLayout } from "./layout.ts";

/**
 * Which items on the canvas belong to a line of images: the images themselves, the snapshots between them, and the
 * folds under those that the line ends with (`below`: the image it was asked for and all under it).
 */
export function litItems(
  { placed }: CanvasLayout,
  line: ReadonlySet<string>,
  below: ReadonlySet<string>,
): Set<string> {
  const lit = new Set<string>();
  for (const { item } of placed) {
    const isLit =
      item.kind === "image"
        ? line.has(item.id)
        : item.kind === "snapshot"
          ? line.has(item.parentKey) && item.children.some((child) => line.has(child.id))
          : below.has(item.parentKey);
    if (isLit) lit.add(item.id);
  }
  return lit;
}
