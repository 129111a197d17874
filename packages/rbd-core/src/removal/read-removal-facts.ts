import type { Image } from "rbd-native";
import type { Cluster } from "../cluster/cluster.ts";
import { withCoppiceErrors } from "../errors/to-coppice-error.ts";
import { openImage } from "../image/open-image.ts";
import type { SnapshotRow } from "../inventory/inventory-row.ts";
import { readSnapshots } from "../inventory/librbd-reader.ts";
import { showImageSpec } from "../names/format-image-spec.ts";
import type { ImageSpec } from "../names/image-spec.ts";
import { allSettledOrThrow } from "../parallel/together.ts";
import type { CloneOfImage, RemovalFacts } from "./removal-facts.ts";
import type { Holders } from "./show-holders.ts";

/** Looks at everything that decides whether an image can go. Only reads. @throws {CoppiceError} `NOT_FOUND` */
export async function readRemovalFacts(cluster: Cluster, spec: ImageSpec): Promise<RemovalFacts> {
  const object = showImageSpec(spec);
  await using image = await openImage(cluster, spec, { readOnly: true });
  return await withCoppiceErrors({ object, what: `${object} could not be read` }, async () => {
    const snapshots = await readSnapshots(image);
    const [size, group, clones, holders] = await allSettledOrThrow([
      image.size(),
      image.group(),
      readClones(image, snapshots),
      readHolders(image),
    ]);
    return { spec, id: image.id, size, snapshots, group: group?.name ?? null, clones, ...holders };
  });
}

/** Who has the image open or holds its lock. A handle that only reads is not among them. */
export async function readHolders(image: Image): Promise<Holders> {
  const [watchers, locks] = await allSettledOrThrow([image.listWatchers(), image.lockInfo()]);
  return {
    watchers: watchers.map(({ address, clientId }) => ({ address, client: `client.${clientId}` })),
    locks: locks.lockers.map(({ client, cookie, address }) => ({ client, cookie, address })),
  };
}

/** Every clone, wherever it is, with the snapshot it hangs on. (`rbd_list_children3`) */
export async function readClones(image: Image, snapshots: readonly SnapshotRow[]): Promise<CloneOfImage[]> {
  const all = await image.listChildren();
  if (all.length === 0) return [];
  const key = (child: (typeof all)[number]) =>
    JSON.stringify([child.poolName, child.namespace, child.imageId]);
  const snapshotOf = new Map<string, string>();
  for (const { kind, name } of snapshots) {
    // One in the trash has no name to ask by; its clones are those that no other snapshot has.
    if (kind === "trash") continue;
    for (const child of await image.listChildren(name)) snapshotOf.set(key(child), name);
  }
  return all.map((child) => ({
    spec: { pool: child.poolName, namespace: child.namespace, image: child.imageName },
    imageId: child.imageId,
    inTrash: child.trash,
    snapshot: snapshotOf.get(key(child)) ?? null,
  }));
}
