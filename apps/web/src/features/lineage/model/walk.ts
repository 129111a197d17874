import type { CanvasLayout, Placed } from "./layout.ts";

export type Direction = "left" | "right" | "up" | "down";

/** Images and folds can have the cursor; a snapshot's chip is only on the way. */
export function canHaveCursor({ item }: Placed): boolean {
  return item.kind !== "snapshot";
}

/** Where the cursor goes from `id`; undefined when there is nothing that way. Up and down go on into the next family. */
export function walk({ placed, links }: CanvasLayout, id: string, direction: Direction): string | undefined {
  const byId = new Map(placed.map((each) => [each.item.id, each]));
  const here = byId.get(id);
  if (here === undefined) return undefined;

  if (direction === "left") {
    let above = links.find((link) => link.target === id)?.source;
    while (above !== undefined && byId.get(above)?.item.kind === "snapshot") {
      const chip = above;
      above = links.find((link) => link.target === chip)?.source;
    }
    return above;
  }
  const beside = direction === "right" ? here.depth + 1 : here.depth;
  const candidates = placed.filter((each) => canHaveCursor(each) && each.depth === beside);
  if (direction === "right") {
    const below = new Set(descendants(here));
    return nearest(
      candidates.filter(({ item }) => below.has(item.id)),
      here,
    )?.item.id;
  }
  const middle = centre(here);
  const onward = candidates.filter((each) =>
    direction === "down" ? centre(each) > middle : centre(each) < middle,
  );
  return nearest(onward, here)?.item.id;
}

function descendants({ item }: Placed): string[] {
  return item.children.flatMap((child) => [child.id, ...child.children.map(({ id }) => id)]);
}

function centre({ y, height }: Placed): number {
  return y + height / 2;
}

function nearest(candidates: readonly Placed[], to: Placed): Placed | undefined {
  const middle = centre(to);
  let best: Placed | undefined;
  for (const each of candidates) {
    if (best === undefined || Math.abs(centre(each) - middle) < Math.abs(centre(best) - middle)) best = each;
  }
  return best;
}
