import type { Image } from "rbd-native";
import type { Cluster } from "../../cluster/cluster.ts";
import { openImage } from "../../image/open-image.ts";
import type { ImageSpec } from "../../names/image-spec.ts";
import { readAhead } from "../../parallel/read-ahead.ts";
import { allSettledOrThrow } from "../../parallel/together.ts";
import { cutExtents } from "../plan/cut-extents.ts";
import type { KnownSnapshot } from "../source-image/find-snapshot.ts";
import { headDiff } from "./head-diff.ts";

const block = 4 * 1024 ** 2;
const limits = { operations: 16, bytes: 64 * 1024 ** 2 };

/**
 * Whether an image's head holds the same bytes as a snapshot of it; or, without one, reads as zeroes everywhere.
 * What a diff reports is compared byte for byte: after a rollback it reports what is equal again.
 *
 * Opens handles of its own: setting a handle to a snapshot would cost it its exclusive lock.
 */
export async function headEquals(
  cluster: Cluster,
  place: ImageSpec,
  snapshot: KnownSnapshot | undefined,
  signal?: AbortSignal,
): Promise<boolean> {
  await using opened = new AsyncDisposableStack();
  const [head, before] = await allSettledOrThrow([
    openImage(cluster, place, { readOnly: true }).then((image) => opened.use(image)),
    snapshot && openImage(cluster, { ...place, snapshot: snapshot.name }).then((image) => opened.use(image)),
  ]);
  const { size } = await head.stat({ signal });
  if (snapshot === undefined || before === undefined) return await hasNoData(head, size, signal);
  if (size !== snapshot.size) return false;
  const extents = await headDiff(head, { image: before, snapshot }, signal);
  const compared = readAhead(
    cutExtents(touched(extents), block),
    ({ length }) => 2 * length,
    async ({ offset, length }) => {
      using blocks = new DisposableStack();
      const [now, then] = await allSettledOrThrow([
        head.readBlock(offset, length, { signal }).then((block) => blocks.use(block)),
        before.readBlock(offset, length, { signal }).then((block) => blocks.use(block)),
      ]);
      return now.data.equals(then.data);
    },
    limits,
  );
  for await (const isEqual of compared) if (!isEqual) return false;
  return true;
}

async function hasNoData(head: Image, size: number, signal: AbortSignal | undefined): Promise<boolean> {
  if (size === 0) return true;
  for await (const batch of head.diffIterate({ includeParent: true, wholeObject: true, signal })) {
    for (let i = 0; i < batch.count; i++) if (batch.exists(i)) return false;
  }
  return true;
}

/** Extents without data are compared too: the other side may have some there. */
async function* touched(batches: AsyncIterable<readonly { offset: number; length: number }[]>) {
  for await (const batch of batches) {
    yield batch.map(({ offset, length }) => ({ offset, length, exists: true }));
  }
}
