import { setTimeout as delay } from "node:timers/promises";
import type { Image, IoCtx } from "rbd-native";
import type { Cluster } from "../cluster/index.ts";
import { CoppiceError, hasCode } from "../errors/index.ts";
import { ignoreNotFound, oldHeaderObject } from "../headers/index.ts";
import { type ImageSpec, showImageSpec } from "../names/index.ts";
import { fenceDeadClient, isIdMadeBy, type Operation } from "../operation/index.ts";
import { findImageId, hasHeader } from "./image.ts";

/** What stands under the name of an image that an interrupted operation was making. */
export type StandingImage =
  | { readonly state: "absent" }
  /** Another client's image. It is never touched. */
  | { readonly state: "foreign" }
  /** A name, and no header: the client died while librbd created it. It holds nothing, and cannot be opened. */
  | { readonly state: "partly-created"; readonly id: string }
  /** An image that can be opened. Whether it is whole depends on what makes it. */
  | { readonly state: "created"; readonly id: string };

/**
 * Finds out what stands under a name.
 *
 * @param clients The RADOS clients whose images are meant, as in the record of an operation.
 * @throws {RbdError}
 */
export async function findImage(
  cluster: Cluster,
  spec: ImageSpec,
  clients: readonly string[],
): Promise<StandingImage> {
  const ioCtx = await cluster.pool(spec.pool, spec.namespace);
  const id = await findImageId(ioCtx, spec.image);
  if (id === null) {
    const oldHeader = await ignoreNotFound(() => ioCtx.objects.stat(oldHeaderObject(spec.image)));
    return { state: oldHeader === null ? "absent" : "foreign" };
  }
  if (!clients.some((client) => isIdMadeBy(id, client))) return { state: "foreign" };
  return { state: (await hasHeader(ioCtx, id)) ? "created" : "partly-created", id };
}

/** How long a cluster remembers the watch of a client that died (`osd_client_watch_timeout`), and a little more. */
const watchMilliseconds = 35_000;

const pollMilliseconds = 100;

/**
 * Waits until an image is not open for writing any more in the processes that have worked on an operation and were
 * interrupted. A process that is known to be dead is put on the blocklist, so that its watch and its exclusive lock end at
 * once; where that is not permitted, and for processes of other machines, the cluster takes half a minute.
 *
 * @throws {RbdError}
 */
export async function waitForDeadClients(
  cluster: Cluster,
  image: Image,
  operation: Operation,
): Promise<void> {
  const { interrupted, signal } = operation;
  if (interrupted === null) return;
  const own = (await cluster.clientId()).toString(16);
  const dead = new Set(interrupted.clients.filter((client) => client !== own));
  const deadWatchers = async () =>
    (await image.listWatchers()).filter(({ clientId }) => dead.has(clientId.toString(16)));
  await fenceDeadClient(cluster, image, operation);
  let watchers = await deadWatchers();
  const deadline = performance.now() + watchMilliseconds;
  while (watchers.length > 0 && performance.now() < deadline) {
    await delay(pollMilliseconds);
    signal.throwIfAborted();
    watchers = await deadWatchers();
  }
}

/**
 * Whether anybody uses a new image: another client has it open for writing, it has a snapshot that its making did not
 * create, or data that it did not write.
 *
 * @param madeWith The name of the snapshot that belongs to the making, and whether the making writes data.
 * @throws {RbdError}
 */
export async function imageIsUsed(
  cluster: Cluster,
  image: Image,
  operation: Operation,
  madeWith: { readonly snapshot?: string | null; readonly data?: boolean } = {},
): Promise<boolean> {
  const own = (await cluster.clientId()).toString(16);
  const known = new Set([own, ...(operation.interrupted?.clients ?? [])]);
  const [watchers, snapshots] = await Promise.all([image.listWatchers(), image.listSnapshots()]);
  if (watchers.some(({ clientId }) => !known.has(clientId.toString(16)))) return true;
  if (snapshots.some(({ name }) => name !== madeWith.snapshot)) return true;
  return madeWith.data !== true && (await hasData(image));
}

async function hasData(image: Image): Promise<boolean> {
  if ((await image.size()) === 0) return false;
  try {
    for await (const { count } of image.diffIterate({ wholeObject: true })) if (count > 0) return true;
  } catch (error) {
    // The object map is missing, so every object has to be looked for.
    if (!hasCode(error, "NOT_FOUND")) throw error;
    for await (const { count } of image.diffIterate()) if (count > 0) return true;
  }
  return false;
}

/**
 * Removes the image with this id that an interrupted operation made, with its snapshots, also when it is on its way
 * through the trash or incomplete.
 *
 * @throws {CoppiceError} `BUSY` when the name stands for another image by now
 * @throws {RbdError}
 */
export async function removeOwnImage(
  cluster: Cluster,
  spec: ImageSpec,
  id: string,
  operation: Operation,
): Promise<void> {
  const ioCtx = await cluster.pool(spec.pool, spec.namespace);
  // One without a header, or whose parent is gone, cannot be opened, and so has no snapshots.
  const opened = await ignoreNotFound(() => ioCtx.openImage({ id }, { readOnly: true }));
  if (opened !== null) {
    await using image = opened;
    await waitForDeadClients(cluster, image, operation);
    if ((await image.listSnapshots()).length > 0) await removeSnapshots(ioCtx, id);
  }
  if ((await findImageId(ioCtx, spec.image)) !== id) {
    const object = showImageSpec(spec);
    const message = `another client has changed what ${object} stands for`;
    throw new CoppiceError({ code: "BUSY", call: "removeOwnImage", object, message });
  }
  // librbd removes the parts that exist, and still reports that the image does not exist.
  await ignoreNotFound(() => ioCtx.removeImage(spec.image));
}

async function removeSnapshots(ioCtx: IoCtx, id: string): Promise<void> {
  await using image = await ioCtx.openImage({ id });
  for (const { name } of (await image.listSnapshots()).toReversed()) {
    await image.removeSnapshot(name, { unprotect: true });
  }
}

/**
 * Removes from the trash what was on its way out when its remover died: an image of one of these clients that had this name.
 *
 * @throws {RbdError}
 */
export async function removeOwnTrash(
  cluster: Cluster,
  spec: ImageSpec,
  clients: readonly string[],
): Promise<void> {
  const ioCtx = await cluster.pool(spec.pool, spec.namespace);
  for (const { id, name, source } of await ioCtx.listTrash()) {
    if (source !== "removing" || name !== spec.image) continue;
    if (clients.some((client) => isIdMadeBy(id, client))) {
      await ignoreNotFound(() => ioCtx.trashRemove(id, { force: true }));
    }
  }
}
