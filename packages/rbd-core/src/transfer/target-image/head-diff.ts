import type { Image } from "rbd-native";
import { canUseFastDiff } from "../../diff/can-use-fast-diff.ts";
import type { Extent } from "../../diff/extent.ts";
import { planDiff } from "../../diff/plan-diff.ts";
import { coverWithZeroes } from "../plan/cover-with-zeroes.ts";
import type { KnownSnapshot } from "../source-image/find-snapshot.ts";

/**
 * Where an image's head may hold something else than a snapshot of it does; or, without one, than zeroes. Ascending.
 * After a rollback this reports what is equal again.
 *
 * @param head Standing at the head; used for nothing else than reading meanwhile.
 * @param before The same image, standing at the snapshot.
 */
export async function headDiff(
  head: Image,
  before: { readonly image: Image; readonly snapshot: KnownSnapshot } | undefined,
  signal?: AbortSignal,
): Promise<AsyncGenerator<readonly Extent[], void, undefined>> {
  const { size, objectSize } = await head.stat({ signal });
  const { count: stripeCount } = await head.stripe({ signal });
  const from = before?.snapshot;
  const fastDiff = await canUseFastDiff(head, null, from?.id, { signal });
  const plan = planDiff(head, {
    from: from?.name,
    includeParent: from === undefined,
    size,
    objectSize,
    stripeCount,
    fastDiff,
    signal,
  });
  if (before === undefined) return plan;
  const [now, then] = [await overlap(head), await overlap(before.image)];
  return coverWithZeroes(plan, Math.min(now, then), Math.max(now, then));
}

async function overlap(image: Image): Promise<number> {
  return (await image.parent())?.overlap ?? 0;
}
