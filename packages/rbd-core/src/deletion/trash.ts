import type { Cluster } from "../cluster/index.ts";
import { forEachLimit } from "../concurrency/index.ts";
import { CoppiceError, hasCode, withCoppiceErrors } from "../errors/index.ts";
import type { ImageById, TrashSource } from "../inventory/index.ts";
import { checkName, compareText, type ImageSpecLike, showImageSpec, toImageOnly } from "../names/index.ts";
import type { FindDependants } from "./deletion-facts.ts";
import { type DeletionPlan, deletionPlan } from "./deletion-plan.ts";
import { executeDeletion } from "./execute-deletion.ts";

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
}

export interface ListTrashOptions {
  /** Names of the pools to list. Default: all. */
  pools?: readonly string[];
  /** The time that decides what has expired. Default: now. */
  now?: Date;
  signal?: AbortSignal;
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
  const entries = await withCoppiceErrors(
    { object, what: `the trash of ${object} could not be listed` },
    () => ioCtx.listTrash(),
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
  }));
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
  options: { /** How long it cannot be removed without force. Default 0. */ keepSeconds?: number } = {},
): Promise<void> {
  const spec = toImageOnly(image);
  const object = showImageSpec(spec);
  const ioCtx = await cluster.pool(spec.pool, spec.namespace);
  await withCoppiceErrors({ object, what: `${object} could not be moved to the trash` }, () =>
    ioCtx.trashMove(spec.image, { delaySeconds: options.keepSeconds ?? 0 }),
  );
}

/** Reasons why an image in the trash cannot be restored, by what moved it there. */
const unfinished: Readonly<Record<string, string>> = {
  migration: "It is the source of a migration: commit or abort the migration.",
  removing: "Its removal has begun and some of its data is gone: remove it from the trash.",
};

/**
 * Brings an image back from the trash, under its old name or another. (`rbd_trash_get`, `rbd_trash_restore`)
 *
 * @param options.name the name to give it; default: the one it had
 * @returns where it is now, as `pool/[namespace/]image`
 * @throws {CoppiceError} `NOT_FOUND`; `EXISTS` when the name is taken, with what to do; `UNSUPPORTED` for an
 * image that a migration or a begun removal put there
 */
export async function restoreFromTrash(
  cluster: Cluster,
  { pool, namespace, id }: ImageById,
  options: { name?: string } = {},
): Promise<string> {
  if (options.name !== undefined) checkName("image", options.name);
  const ioCtx = await cluster.pool(pool, namespace);
  const shown = (image: string) => showImageSpec({ pool, namespace, image });
  const lookUp = { object: shown(id), what: `there is no image with the id ${id} in the trash of ${pool}` };
  const entry = await withCoppiceErrors(lookUp, () => ioCtx.getTrash(id));
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
    await withCoppiceErrors({ object: spec, what: `${spec} could not be restored` }, () =>
      ioCtx.trashRestore(id, options.name ?? entry.name),
    );
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
  pools?: readonly string[];
  /** Only images that had expired at this time. Default: now. */
  expiredBefore?: Date;
  /** Removes images with snapshots of their own too. Default: they are kept. */
  withSnapshots?: boolean;
  /** Returns what would be done, and changes nothing. */
  dryRun?: boolean;
  findDependants?: FindDependants;
  signal?: AbortSignal;
  /** After each image. */
  onProgress?(progress: { done: number; total: number }): void;
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
  const dependants = findDependants === undefined ? {} : { findDependants };
  const abort = signal === undefined ? {} : { signal };
  const plan = await deletionPlan(cluster, image, { ...dependants, ...abort });
  const keptBecause = whyKept(plan, withSnapshots);
  if (keptBecause !== null) return { image, state: "kept", reason: keptBecause, freed: null };
  const freed = plan.ways[0]?.frees?.bytes ?? null;
  if (dryRun) return { image, state: "removed", reason: null, freed };
  const outcome = await executeDeletion(cluster, plan, { way: "remove", ...dependants, ...abort });
  return outcome.state === "done"
    ? { image, state: "removed", reason: null, freed }
    : { image, state: "kept", reason: outcome.reason, freed: null };
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
