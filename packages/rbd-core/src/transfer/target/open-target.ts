import type { Image, IoCtx } from "rbd-native";
import type { Cluster } from "../../cluster/index.ts";
import { hasFastDiff, isTrusted } from "../../diff/index.ts";
import { CoppiceError, hasCode, withCoppiceErrors } from "../../errors/index.ts";
import { type ImageHeader, readHeader } from "../../headers/index.ts";
import { imageFeatures, openImage } from "../../image/index.ts";
import { type ImageSpec, showImageSpec } from "../../names/index.ts";
import type { KnownSnapshot } from "../source.ts";

/** An image that is copied to. */
export interface Target extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly place: ImageSpec;
  /** `pool/[namespace/]image`, for messages. */
  readonly spec: string;
  readonly ioCtx: IoCtx;
  /** Open for writing. */
  readonly image: Image;
  /** Whether the image has the feature `journaling`: then every change has to be written to its journal first. */
  readonly hasJournal: boolean;
}

/**
 * Opens an image that is copied to.
 *
 * @throws {CoppiceError} `NOT_FOUND`, `QUOTA_EXCEEDED`, `NO_SPACE`
 */
export async function openTarget(
  cluster: Cluster,
  place: ImageSpec,
  signal: AbortSignal | undefined,
): Promise<Target> {
  const spec = showImageSpec(place);
  const ioCtx = await cluster.pool(place.pool, place.namespace);
  await checkRoom(cluster, ioCtx.poolId, signal);
  await using opened = new AsyncDisposableStack();
  const image = opened.use(await openImage(cluster, place));
  const dataPoolId = await withCoppiceErrors({ object: spec }, () => image.dataPoolId({ signal }));
  if (dataPoolId !== ioCtx.poolId) await checkRoom(cluster, dataPoolId, signal);
  const features = await withCoppiceErrors({ object: spec }, () => image.features({ signal }));
  const hasJournal = (features & imageFeatures.journaling) !== 0n;
  const open = opened.move();
  return { cluster, place, spec, ioCtx, image, hasJournal, [Symbol.asyncDispose]: () => open.disposeAsync() };
}

interface PoolDetail {
  readonly pool_id: number;
  readonly pool_name: string;
  readonly flags_names: string;
}

/**
 * Refuses a pool that takes no more data, before anything in it is changed. (`ceph osd pool ls detail`)
 *
 * @throws {CoppiceError} `QUOTA_EXCEEDED`, `NO_SPACE`
 */
export async function checkRoom(cluster: Cluster, poolId: number, signal?: AbortSignal): Promise<void> {
  const command = { prefix: "osd pool ls", detail: "detail" };
  const pools = (await cluster.monCommand(command, { signal })) as PoolDetail[];
  const pool = pools.find(({ pool_id }) => pool_id === poolId);
  const flags = pool?.flags_names.split(",") ?? [];
  const isQuota = flags.includes("full_quota");
  if (pool === undefined || !(isQuota || flags.includes("full"))) return;
  throw new CoppiceError({
    code: isQuota ? "QUOTA_EXCEEDED" : "NO_SPACE",
    call: "checkRoom",
    object: pool.pool_name,
    message: `the pool ${JSON.stringify(pool.pool_name)} ${isQuota ? "has used up its quota" : "is full"}`,
    hint: isQuota ? "Raise the quota, or free space." : "Look at `ceph df`.",
  });
}

/** Whether an error says that a pool or the cluster is full. */
export function isNoRoom(error: unknown): boolean {
  return hasCode(error, "NO_SPACE") || hasCode(error, "QUOTA_EXCEEDED");
}

/**
 * Makes sure that no other client writes to an image until it is closed: no other client may have it open for writing,
 * and its exclusive lock is taken, where it has one. The watchers come first, because a virtual machine that is asked
 * for the lock gives it up, and loses its disk.
 *
 * @param spec For the error.
 * @throws {CoppiceError} `BUSY`; RbdError when another client keeps the lock.
 */
export async function holdTarget(image: Image, spec: string, signal?: AbortSignal): Promise<void> {
  refuseWatchers((await image.listWatchers({ signal })).length - 1, spec);
  if (((await image.features({ signal })) & imageFeatures["exclusive-lock"]) === 0n) return;
  await image.acquireExclusiveLock({ signal });
}

/**
 * @param others How many other clients have the image open for writing.
 * @throws {CoppiceError} `BUSY`
 */
export function refuseWatchers(others: number, spec: string): void {
  if (others <= 0) return;
  throw new CoppiceError({
    code: "BUSY",
    call: "holdTarget",
    object: spec,
    message: `${spec} is open elsewhere: it has ${others === 1 ? "another watcher" : `${others} other watchers`}`,
    hint: "Stop what uses it. The watcher of a client that died disappears after half a minute.",
  });
}

/** The name under which a connection holds locks, by its number. */
export function lockerName(clientId: bigint): string {
  return `client.${clientId}`;
}

/**
 * Whether one of these clients, all of them dead, still holds an image's exclusive lock: then no client has written to the
 * image since. Another one that writes takes the lock over, and gives it back. Must be asked before the lock is acquired.
 *
 * @param clients As {@link lockerName} gives them.
 * @returns False also for an image without an exclusive lock: any client may have written to it.
 * @throws RbdError
 */
export async function isHeldStillBy(
  image: Image,
  clients: readonly string[],
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (((await image.features({ signal })) & imageFeatures["exclusive-lock"]) === 0n) return false;
  const { lockers } = await image.lockInfo({ signal });
  return lockers.length > 0 && lockers.every(({ client }) => clients.includes(client));
}

/** What the header of a target says. */
export interface TargetFacts {
  readonly snapshots: readonly KnownSnapshot[];
  /** The text under a key of its metadata, as it was set. */
  metadata(key: string): string | undefined;
}

/**
 * Reads a target's snapshots and metadata at once, past librbd where that is possible. The caller holds the image's
 * exclusive lock.
 *
 * @throws RbdError
 */
export async function readTarget(
  image: Image,
  ioCtx: IoCtx,
  signal: AbortSignal | undefined,
): Promise<TargetFacts> {
  const read = await readHeader(ioCtx, image.id, signal);
  if (read === null) {
    const metadata = await image.listMetadata({ signal });
    return { snapshots: await image.listSnapshots({ signal }), metadata: (key) => metadata.get(key) };
  }
  const snapshots = read.header.snapshots.map(({ id, name, size, namespace }) => {
    return { id, name, size, namespace: namespace.kind };
  });
  return { snapshots, metadata: read.metadata };
}

/**
 * Reads the header of an image whose head has an object map that can be trusted.
 *
 * @param id The image's id.
 * @returns Undefined for any other image.
 * @throws RbdError
 */
export async function readMappedHeader(
  ioCtx: IoCtx,
  id: string,
  signal: AbortSignal | undefined,
): Promise<ImageHeader | undefined> {
  const header = (await readHeader(ioCtx, id, signal))?.header;
  return header !== undefined && hasFastDiff(header.features) && isTrusted(header.flags) ? header : undefined;
}
