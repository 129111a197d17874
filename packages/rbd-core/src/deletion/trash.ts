import type { IoCtx } from "rbd-native";
import type { CallOptions, Cluster } from "../cluster/index.ts";
import { allSettledOrThrow, forEachLimit } from "../concurrency/index.ts";
import { CoppiceError, hasCode, withCoppiceErrors } from "../errors/index.ts";
import { decodeTrashEntry, readImageId, readOmapOrNone, trashObject } from "../headers/index.ts";
import { decoding, type ImageById, type TrashSource } from "../inventory/index.ts";
import { checkName, compareText, type ImageSpecLike, showImageSpec, toImageOnly } from "../names/index.ts";
import { runDeletion } from "./execute-deletion.ts";
import type { FindDependants } from "./plan/deletion-facts.ts";
import { type DeletionPlan, deletionPlan } from "./plan/deletion-plan.ts";
import { removeUnderRecord, takeUp } from "./recover-removal.ts";
import { fenceById, recordRemoval, removalDetails } from "./removal-record.ts";
import { finishTrashMove, isJustMoving, locateImage, removeHeaderless } from "./trash-entry.ts";

/** What is being done to an image in the trash. */
export type TrashState = "normal" | "moving" | "removing" | "restoring" | "unknown";

/** An image in the trash of a pool and namespace. */
export interface TrashRow {
  pool: string;
  /** `""` is the default namespace. */
  namespace: string;
  id: string;
  /** The name it had. Another image may have it by now. */
  name: string;
  /** `pool/[namespace/]name`, for showing. */
  spec: string;
  source: TrashSource;
  deletedAt: Date;
  /** Before this moment it is not removed without force. */
  deferredUntil: Date;
  /** Whether that moment has passed. */
  expired: boolean;
  /**
   * What is being done to it, or was when a client was interrupted: `moving` and `restoring` images still have a part of
   * their name. `normal` when nothing is.
   */
  state: TrashState;
}

export interface ListTrashOptions {
  /** Names of the pools to list. Default: all. */
  pools?: readonly string[] | undefined;
  /** The time that decides what has expired. Default: now. */
  now?: Date | undefined;
  signal?: AbortSignal | undefined;
}

export interface TrashListing {
  /** Longest in the trash first. */
  rows: TrashRow[];
  /** Places whose trash could not be listed, as `pool` or `pool/namespace`. */
  unlisted: { place: string; error: CoppiceError }[];
}

const listingsAtOnce = 8;

/**
 * Lists the trash of all namespaces of the pools. A pool that cannot be listed is reported in `unlisted`, and does not
 * hide the others. (`rbd_trash_list`)
 *
 * @throws {CoppiceError} when the cluster itself does not answer
 */
export async function listTrash(cluster: Cluster, options: ListTrashOptions = {}): Promise<TrashListing> {
  const { pools, signal, now = new Date() } = options;
  checkDate("listTrash", "now", now);
  const names = pools ?? (await cluster.listPools()).map(({ name }) => name);
  const rows: TrashRow[] = [];
  const unlisted: TrashListing["unlisted"] = [];
  const reporting = async (place: string, action: () => Promise<void>) => {
    try {
      await action();
    } catch (error) {
      if (!(error instanceof CoppiceError)) throw error;
      unlisted.push({ place, error });
    }
  };
  await forEachLimit(
    names,
    listingsAtOnce,
    (pool) =>
      reporting(pool, async () => {
        for (const namespace of ["", ...(await cluster.listNamespaces(pool))]) {
          const place = namespace === "" ? pool : `${pool}/${namespace}`;
          await reporting(place, async () => {
            for (const row of await listPlaceTrash(cluster, pool, namespace, now)) rows.push(row);
          });
        }
      }),
    signal,
  );
  rows.sort((a, b) => a.deletedAt.getTime() - b.deletedAt.getTime() || compareText(a.spec, b.spec));
  unlisted.sort((a, b) => compareText(a.place, b.place));
  return { rows, unlisted };
}

async function listPlaceTrash(
  cluster: Cluster,
  pool: string,
  namespace: string,
  now: Date,
): Promise<TrashRow[]> {
  const object = namespace === "" ? pool : `${pool}/${namespace}`;
  const ioCtx = await cluster.pool(pool, namespace);
  const [entries, states] = await decoding(object, () =>
    withCoppiceErrors({ object, what: `the trash of ${object} could not be listed` }, () =>
      allSettledOrThrow([ioCtx.listTrash(), readStates(ioCtx)]),
    ),
  );
  return entries.map(({ id, name, source, deletedAt, deferredUntil }) => ({
    pool,
    namespace,
    id,
    name,
    spec: showImageSpec({ pool, namespace, image: name }),
    source,
    deletedAt,
    deferredUntil,
    expired: deferredUntil <= now,
    state: states.get(id) ?? "unknown",
  }));
}

/** The states of all entries by id: librbd does not tell them. */
async function readStates(ioCtx: IoCtx): Promise<Map<string, TrashState>> {
  const states = new Map<string, TrashState>();
  for (const [key, value] of (await readOmapOrNone(ioCtx, trashObject, undefined)) ?? []) {
    const entry = decodeTrashEntry(key, value);
    if (entry !== null) states.set(entry.imageId, entry.state);
  }
  return states;
}

export interface MoveToTrashOptions extends CallOptions {
  /** How long it cannot be removed without force. Default 0. */
  keepSeconds?: number | undefined;
}

/**
 * Moves an image to the trash, from where it can be restored. Its snapshots and clones stay as they are.
 * (`rbd_trash_move`)
 *
 * @throws {CoppiceError} `BUSY` while a client has it open; `IN_GROUP` while it belongs to a group, with Ceph 20. Older
 * releases move it all the same, and then no client can list the group
 */
export async function moveToTrash(
  cluster: Cluster,
  image: ImageSpecLike,
  options: MoveToTrashOptions = {},
): Promise<void> {
  const spec = toImageOnly(image);
  const object = showImageSpec(spec);
  const { keepSeconds = 0, signal } = options;
  signal?.throwIfAborted();
  checkSeconds(object, keepSeconds);
  const ioCtx = await cluster.pool(spec.pool, spec.namespace);
  const place = { object, what: `${object} could not be moved to the trash` };
  await removeUnderRecord(cluster, {
    image: spec,
    kind: "move-to-trash",
    plan: () =>
      decoding(object, () =>
        withCoppiceErrors(place, async () => {
          const id = await readImageId(ioCtx, spec.image, signal);
          return {
            id,
            details: await removalDetails(cluster, { ...spec, id }, { way: "trash", snapshots: "none" }),
          };
        }),
      ),
    run: async ({ id }, operation) => {
      if (operation.interrupted !== null)
        await fenceById(cluster, { ...spec, id, name: spec.image }, operation);
      await withCoppiceErrors(place, () =>
        ioCtx.trashMove(spec.image, { delaySeconds: keepSeconds, signal: operation.signal }),
      );
    },
    resumed: async () => {},
    retry: { attempts: 1, signal },
  });
}

/** @throws {CoppiceError} `INVALID_ARGUMENT` */
function checkSeconds(object: string, seconds: number): void {
  if (Number.isSafeInteger(seconds) && seconds >= 0) return;
  throw new CoppiceError({
    code: "INVALID_ARGUMENT",
    call: "moveToTrash",
    object,
    message: `${seconds} is not a time to keep an image in the trash`,
    hint: "Give a whole number of seconds, 0 or more.",
  });
}

/** @throws {CoppiceError} `INVALID_ARGUMENT` for a date that is none, such as `new Date("typo")` */
function checkDate(call: string, name: string, date: Date | undefined): void {
  if (date === undefined || !Number.isNaN(date.getTime())) return;
  throw new CoppiceError({
    code: "INVALID_ARGUMENT",
    call,
    message: `${name} is not a valid date`,
    hint: "Give a Date that was made from a valid time.",
  });
}

/** Reasons why an image in the trash cannot be restored, by what moved it there. */
const unfinished: Readonly<Record<string, string>> = {
  migration: "It is the source of a migration: commit or abort the migration.",
  removing: "Its removal has begun and some of its data is gone: remove it from the trash.",
};

export interface RestoreFromTrashOptions extends CallOptions {
  /** The name to give it. Default: the one it had. */
  name?: string | undefined;
}

/**
 * Brings an image back from the trash, under its old name or another. (`rbd_trash_get`, `rbd_trash_restore`)
 *
 * @returns where it is now, as `pool/[namespace/]image`
 * @throws {CoppiceError} `NOT_FOUND`; `EXISTS` when the name is taken, with what to do; `UNSUPPORTED` for an
 * image that a migration or a begun removal put there
 */
export async function restoreFromTrash(
  cluster: Cluster,
  { pool, namespace, id }: ImageById,
  options: RestoreFromTrashOptions = {},
): Promise<string> {
  const { signal } = options;
  signal?.throwIfAborted();
  if (options.name !== undefined) checkName("image", options.name);
  const ioCtx = await cluster.pool(pool, namespace);
  const shown = (image: string) => showImageSpec({ pool, namespace, image });
  const lookUp = { object: shown(id), what: `there is no image with the id ${id} in the trash of ${pool}` };
  const entry = await withCoppiceErrors(lookUp, () => ioCtx.getTrash(id, { signal }));
  const spec = shown(options.name ?? entry.name);
  const hint = unfinished[entry.source];
  if (hint !== undefined) {
    throw new CoppiceError({
      code: "UNSUPPORTED",
      call: "restoreFromTrash",
      object: spec,
      message: `${spec} cannot be restored`,
      hint,
    });
  }
  try {
    await withCoppiceErrors({ object: spec, what: `${spec} could not be restored` }, async () => {
      // A move to the trash that was interrupted: Ceph restores the image only once it is finished.
      const trash = (await locateImage(ioCtx, id))?.trash;
      if (trash?.state === "moving" && !isJustMoving(trash)) await finishTrashMove(ioCtx, trash);
      await ioCtx.trashRestore(id, options.name ?? entry.name, { signal });
    });
  } catch (error) {
    if (!hasCode(error, "EXISTS")) throw error;
    throw new CoppiceError({
      code: "EXISTS",
      call: "restoreFromTrash",
      object: spec,
      message: `${spec} could not be restored: another image has that name by now`,
      hint: "Restore it under another name.",
      cause: error,
    });
  }
  return spec;
}

export interface PurgeTrashOptions {
  /** Names of the pools to list. Default: all. */
  pools?: readonly string[] | undefined;
  /** Only images that had expired at this time. Default: now. */
  expiredBefore?: Date | undefined;
  /** Removes images with snapshots of their own too. Default: they are kept. */
  withSnapshots?: boolean | undefined;
  /** Returns what would be done, and changes nothing. */
  dryRun?: boolean | undefined;
  findDependants?: FindDependants | undefined;
  signal?: AbortSignal | undefined;
  /** After each image. */
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
}

export interface PurgedImage {
  image: TrashRow;
  /** `removed` stands for "would be removed" in a dry run. */
  state: "removed" | "kept" | "failed";
  /** Why it was kept, or what failed. */
  reason: string | null;
  /** Bytes freed, as far as object maps can tell. */
  freed: number | null;
}

/**
 * Removes the expired images from the trash. An image that something depends on is kept, with the reason: nothing is
 * flattened and no clone is changed. A failure with one image does not stop the others.
 *
 * @throws {CoppiceError} when the cluster itself does not answer
 * @throws the signal's reason
 */
export async function purgeTrash(cluster: Cluster, options: PurgeTrashOptions = {}): Promise<PurgedImage[]> {
  const { signal, pools } = options;
  checkDate("purgeTrash", "expiredBefore", options.expiredBefore);
  const now = options.expiredBefore ?? new Date();
  const listed = await listTrash(cluster, {
    now,
    ...(pools === undefined ? {} : { pools }),
    ...(signal === undefined ? {} : { signal }),
  });
  const expired = listed.rows.filter((row) => row.expired);
  const purged: PurgedImage[] = [];
  for (const image of expired) {
    signal?.throwIfAborted();
    try {
      purged.push(await purgeOne(cluster, image, options));
    } catch (error) {
      if (!(error instanceof CoppiceError)) throw error;
      purged.push({ image, state: "failed", reason: error.message, freed: null });
    }
    options.onProgress?.({ done: purged.length, total: expired.length });
  }
  return purged;
}

async function purgeOne(
  cluster: Cluster,
  image: TrashRow,
  { withSnapshots = false, dryRun = false, findDependants, signal }: PurgeTrashOptions,
): Promise<PurgedImage> {
  const { pool, namespace, id } = image;
  const kept = (reason: string | null): PurgedImage => ({ image, state: "kept", reason, freed: null });
  const dependants = findDependants === undefined ? {} : { findDependants };
  if (image.state === "restoring") return kept("its restoration was interrupted: restore it again first");
  if (isJustMoving(image)) return kept("another client is moving it to the trash at this moment");
  const planned = () =>
    orHeaderless(cluster, image, () =>
      deletionPlan(
        cluster,
        { pool, namespace, id },
        { ...dependants, ...(signal === undefined ? {} : { signal }) },
      ),
    );
  const first = await planned();
  const keptBecause = first === null ? null : whyKept(first, withSnapshots);
  // The watch of a dead client, if it is known to be one, is ended under the record.
  const isWatched = first?.blockers.some(({ kind }) => kind === "watcher") === true;
  if (keptBecause !== null && (dryRun || !isWatched)) return kept(keptBecause);
  if (dryRun) return { image, state: "removed", reason: null, freed: first?.ways[0]?.frees?.bytes ?? null };
  const details = await removalDetails(cluster, image, {
    way: "remove",
    snapshots: withSnapshots ? "all" : "none",
  });
  const request = {
    image: { pool, namespace, image: image.name },
    kind: "purge-trash",
    details,
    signal,
  } as const;
  return await recordRemoval(
    cluster,
    request,
    async (operation): Promise<PurgedImage> => {
      if (operation.interrupted !== null) {
        await takeUp(cluster, operation, request.image);
        await operation.update(details, request.kind);
      }
      const plan = isWatched || operation.interrupted !== null ? await planned() : first;
      const ioCtx = await cluster.pool(pool, namespace);
      if (plan === null) {
        const object = `${image.spec} (${id})`;
        await withCoppiceErrors({ object, what: `${object} could not be removed` }, () =>
          removeHeaderless(ioCtx, id),
        );
        return { image, state: "removed", reason: null, freed: null };
      }
      const stillKept = whyKept(plan, withSnapshots);
      if (stillKept !== null) return kept(stillKept);
      const flow = { way: "remove", ...dependants, signal: operation.signal } as const;
      const outcome = await runDeletion(cluster, plan, flow);
      const freed = plan.ways[0]?.frees?.bytes ?? null;
      return outcome.state === "done"
        ? { image, state: "removed", reason: null, freed }
        : kept(outcome.reason);
    },
    { attempts: 1 },
  );
}

/** `null` for an image whose header is gone: nobody can use it any more, and its entry is all that is left. */
async function orHeaderless<T>(
  cluster: Cluster,
  { pool, namespace, id }: TrashRow,
  plan: () => Promise<T>,
): Promise<T | null> {
  try {
    return await plan();
  } catch (error) {
    if (!hasCode(error, "NOT_FOUND")) throw error;
    const ioCtx = await cluster.pool(pool, namespace);
    const found = await withCoppiceErrors({ object: pool }, () => locateImage(ioCtx, id));
    // Gone altogether: the work of another process, or of the call that was interrupted.
    if (found === null || (found.trash !== null && !found.hasHeader)) return null;
    throw error;
  }
}

/** `null` when it can be removed. */
function whyKept(plan: DeletionPlan, withSnapshots: boolean): string | null {
  if (plan.ways.some(({ way }) => way === "trash")) return "it was restored meanwhile";
  const blocking = plan.blockers.filter(
    ({ kind, closes }) =>
      closes.length > 0 ||
      kind === "child" ||
      (!withSnapshots && (kind === "snapshot" || kind === "protected")),
  );
  return blocking.length === 0 ? null : blocking.map(({ message }) => message).join("; ");
}
