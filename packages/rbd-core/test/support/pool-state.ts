import type { IoCtx, Cluster as NativeCluster } from "rbd-native";
import { readOperations } from "../../src/operation/operation-record.ts";
import { imageDigest } from "./image-digest.ts";
import { pythonRbd } from "./python-rbd.ts";

/** Objects that Ceph makes once for a pool and keeps, whatever becomes of the images. */
const indexes = new Set([
  "coppice.deleted",
  "coppice.operations",
  "coppice.snapshots",
  "rbd_children",
  "rbd_directory",
  "rbd_info",
  "rbd_trash",
  "rbd_trash_purge_schedule",
]);

/** Everything that can be told of what is in some pools, as plain values that can be compared. */
export async function poolState(
  conf: string,
  native: NativeCluster,
  pools: readonly string[],
): Promise<unknown> {
  const states: unknown[] = [];
  for (const pool of pools) {
    await using ioCtx = await native.openPool(pool);
    const images: unknown[] = [];
    for (const { name, id } of (await ioCtx.listImages()).toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      images.push({ name, id, ...(await imageState(ioCtx, { id })) });
    }
    const trash: unknown[] = [];
    for (const { id, name } of (await ioCtx.listTrash()).toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
      trash.push({ name, id, ...(await imageState(ioCtx, { id })) });
    }
    const operations = (await readOperations(ioCtx)).map(({ key }) => key);
    states.push({ pool, images, trash, operations, objects: await objectNames(conf, pool) });
  }
  return states;
}

async function imageState(ioCtx: IoCtx, reference: { id: string }): Promise<object> {
  await using image = await ioCtx.openImage(reference, { readOnly: true });
  const snapshots = await image.listSnapshots();
  const children: unknown[] = [];
  for (const { name, namespace } of snapshots) {
    if (namespace === "user") children.push([name, await image.listChildren(name)]);
  }
  const size = await image.size();
  return {
    size,
    features: await image.features(),
    flags: await image.flags(),
    parent: await image.parent(),
    metadata: [...(await image.listMetadata())],
    watchers: await image.listWatchers(),
    lockers: (await image.lockInfo()).lockers,
    snapshots,
    children,
    allChildren: (await image.listChildren()).map(({ imageId }) => imageId).toSorted(),
    digest: await imageDigest(image, size),
  };
}

/** What no image accounts for shows here: a data object, object map or header that was left. */
async function objectNames(conf: string, pool: string): Promise<string[]> {
  return (await pythonRbd(conf).objects(pool)).filter((name) => !indexes.has(name)).toSorted();
}
