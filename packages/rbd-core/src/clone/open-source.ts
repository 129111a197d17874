import type { Image } from "rbd-native";
import type { Cluster } from "../cluster/cluster.ts";
import { CoppiceError } from "../errors/coppice-error.ts";
import { withCoppiceErrors } from "../errors/to-coppice-error.ts";
import type { SnapshotRow } from "../inventory/inventory-row.ts";
import { readParent, readSnapshots } from "../inventory/librbd-reader.ts";
import { showImageSpec } from "../names/format-image-spec.ts";
import type { ImageSpec } from "../names/image-spec.ts";
import { allSettledOrThrow } from "../parallel/together.ts";
import { readSnapshotHistory } from "./snapshot-history.ts";
import type { SourceFacts } from "./source-facts.ts";

/**
 * Opens an image to look at it. A read-only handle has no watcher: it is the image as it was when opened.
 *
 * @throws {CoppiceError} `NOT_FOUND`
 */
export async function openSource(cluster: Cluster, spec: ImageSpec): Promise<Image> {
  const object = showImageSpec(spec);
  const ioCtx = await cluster.pool(spec.pool, spec.namespace);
  return withCoppiceErrors({ object, what: `${object} could not be opened` }, () =>
    ioCtx.openImage(spec.image, { readOnly: true }),
  );
}

/** What the open image says of itself. `spec` is without a snapshot. @throws {CoppiceError} */
export async function readSourceFacts(cluster: Cluster, spec: ImageSpec, image: Image): Promise<SourceFacts> {
  const object = showImageSpec(spec);
  return withCoppiceErrors({ object, what: `${object} could not be read` }, async () => {
    const asked = image.isOldFormat();
    const [oldFormat, stat, features, flags, stripe, dataPool, snapshots, parent] = await allSettledOrThrow([
      asked,
      image.stat(),
      image.features(),
      image.flags(),
      image.stripe(),
      asked.then((old) => (old ? null : readDataPool(cluster, spec, image))),
      readSnapshots(image),
      readParent(image),
    ]);
    // Last: what the handle does not know yet must show.
    const history = oldFormat
      ? null
      : await readSnapshotHistory(await cluster.pool(spec.pool, spec.namespace), image.id);
    return {
      spec,
      id: image.id,
      oldFormat,
      size: stat.size,
      features,
      flags,
      objectSize: stat.objectSize,
      stripeUnit: stripe.unit,
      stripeCount: stripe.count,
      dataPool,
      snapshots,
      parent,
      history,
    };
  });
}

/** @throws {CoppiceError} `NOT_FOUND` when the image has no user snapshot of that name */
export function namedSnapshot(facts: SourceFacts, name: string): SnapshotRow {
  const found = facts.snapshots.find((snapshot) => snapshot.kind === "user" && snapshot.name === name);
  if (found !== undefined) return found;
  const names = facts.snapshots.filter((each) => each.kind === "user").map((each) => each.name);
  throw new CoppiceError({
    code: "NOT_FOUND",
    call: "cloneImage",
    object: showImageSpec({ ...facts.spec, snapshot: name }),
    message: `${showImageSpec(facts.spec)} has no snapshot ${JSON.stringify(name)}`,
    hint:
      names.length === 0
        ? "It has no snapshots at all."
        : `It has ${names.length}: ${names.slice(-10).join(", ")}${names.length > 10 ? ", …" : ""}.`,
  });
}

async function readDataPool(cluster: Cluster, spec: ImageSpec, image: Image): Promise<string | null> {
  const id = await image.dataPoolId();
  const own = await cluster.pool(spec.pool, spec.namespace);
  if (id === own.poolId) return null;
  return (await cluster.listPools()).find((pool) => pool.id === id)?.name ?? null;
}
