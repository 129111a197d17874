import { randomUUID } from "node:crypto";
import { statfs } from "node:fs/promises";
import { isAbsolute } from "node:path";
import {
  type BackupLocation,
  type BackupTarget,
  type Cluster,
  CoppiceError,
  openDirectoryTarget,
  openPoolTarget,
} from "rbd-core";
import { z } from "zod";
import { clusterId, type RowError, rowError, rowErrorSchema } from "../api/schemas.ts";
import { type Clock, isoTime } from "../base/clock.ts";
import { ServerError } from "../base/errors.ts";
import type { Clusters } from "../cluster/clusters.ts";
import type { Database } from "../db/database.ts";

const poolSettings = z.object({
  kind: z.literal("pool"),
  cluster: clusterId,
  pool: z.string().trim().min(1).max(256),
  /** "" is the default one. */
  namespace: z.string().max(256).default(""),
  /** Where the data of new chains lies; null: in the pool itself. */
  dataPool: z.string().trim().min(1).max(256).nullable().default(null),
  /** How the images of new chains are striped, the unit in bytes; null: not at all. */
  stripe: z
    .object({ unit: z.int().min(1), count: z.int().min(1) })
    .nullable()
    .default(null),
});

const directorySettings = z.object({
  kind: z.literal("directory"),
  /** On the server's machine, local or on NFS. */
  path: z.string().min(1).max(4096).refine(isAbsolute, "must be an absolute path"),
  /** The level of zstd, 1 to 19; null: not compressed. */
  compression: z.int().min(1).max(19).nullable().default(null),
});

/** Where a target is, and how new backups are laid out there. */
export const targetSettings = z.discriminatedUnion("kind", [poolSettings, directorySettings]);

export const targetName = z
  .string()
  .trim()
  .min(1)
  .max(100)
  .regex(/^[^\p{C}]*$/u, "must not have control characters");

export type TargetSettings = z.output<typeof targetSettings>;

/** A place for backups as it is stored. */
export interface StoredTarget {
  id: string;
  name: string;
  settings: TargetSettings;
  createdAt: string;
}

/** Whether a target can be used now. */
export const targetCheck = z.object({
  ok: z.boolean(),
  /** One sentence for people. */
  message: z.string(),
  /** Bytes that are free there; null when that is not known. */
  freeBytes: z.number().nullable(),
  error: rowErrorSchema.nullable(),
  checkedAt: z.string(),
});

export type TargetCheck = z.output<typeof targetCheck>;

/** The targets as the rest of the server uses them. */
export interface BackupTargets {
  /** By name. */
  list(): Promise<StoredTarget[]>;
  /** @throws {ServerError} `TARGET_UNKNOWN` */
  get(id: string): Promise<StoredTarget>;
  /** Makes a place for backups of an empty directory. @throws {ServerError} `TARGET_EXISTS`; what prevents it from being opened */
  add(name: string, settings: TargetSettings): Promise<StoredTarget>;
  /** @throws {ServerError} `TARGET_UNKNOWN`, `TARGET_EXISTS`, `INVALID_INPUT` for another place */
  change(
    id: string,
    changes: { name?: string | undefined; settings?: TargetSettings | undefined },
  ): Promise<StoredTarget>;
  /** Forgets a target. What is in it stays. @throws {ServerError} `TARGET_UNKNOWN` */
  remove(id: string): Promise<StoredTarget>;
  /** Runs `work` with the target opened. @throws {ServerError} `TARGET_UNKNOWN`, `CLUSTER_UNREACHABLE`; {CoppiceError} */
  use<T>(id: string, work: (target: BackupTarget, stored: StoredTarget) => Promise<T>): Promise<T>;
  /** The target at a location, as far as it can be reached from here. */
  at(location: BackupLocation): Promise<BackupTarget | undefined>;
  check(id: string): Promise<TargetCheck>;
}

interface TargetsOptions {
  database: Database;
  clusters: Clusters;
  clock: Clock;
}

/**
 * The named places for backups, in the database. A pool is opened once for each connection to its cluster; a directory each
 * time, because its file system may not be mounted any more.
 */
export class StoredTargets implements BackupTargets {
  readonly #options: TargetsOptions;
  readonly #opened = new WeakMap<Cluster, Map<string, Promise<BackupTarget>>>();

  constructor(options: TargetsOptions) {
    this.#options = options;
  }

  async list(): Promise<StoredTarget[]> {
    const rows = await this.#options.database
      .selectFrom("backupTarget")
      .selectAll()
      .where("removedAt", "is", null)
      .orderBy("name")
      .execute();
    return rows.map(storedTarget);
  }

  async get(id: string): Promise<StoredTarget> {
    const row = await this.#options.database
      .selectFrom("backupTarget")
      .selectAll()
      .where("id", "=", id)
      .executeTakeFirst();
    if (row !== undefined && row.removedAt === null) return storedTarget(row);
    const which =
      row === undefined
        ? "There is no target for backups with this id."
        : `The target ${row.name} was removed from the list.`;
    throw new ServerError("TARGET_UNKNOWN", which, {
      hint: "Choose another target, or add it again.",
      object: row?.name ?? id,
    });
  }

  async add(name: string, settings: TargetSettings): Promise<StoredTarget> {
    await this.#refuseSame(await this.list(), name, settings);
    await this.#open(settings, { create: true });
    const { clock, database } = this.#options;
    const target: StoredTarget = { id: randomUUID(), name, settings, createdAt: isoTime(clock.now()) };
    await database.insertInto("backupTarget").values(row(target)).execute();
    return target;
  }

  /** Adds a target without opening it, unless there ever was one of that name: its cluster may not be there yet. */
  async addOnce(name: string, settings: TargetSettings): Promise<void> {
    const { clock, database } = this.#options;
    const known = await database.selectFrom("backupTarget").select("id").where("name", "=", name).execute();
    if (known.length > 0) return;
    const target: StoredTarget = { id: randomUUID(), name, settings, createdAt: isoTime(clock.now()) };
    await database.insertInto("backupTarget").values(row(target)).execute();
  }

  async change(
    id: string,
    changes: { name?: string | undefined; settings?: TargetSettings | undefined },
  ): Promise<StoredTarget> {
    const before = await this.get(id);
    const { name = before.name, settings = before.settings } = changes;
    if (placeOf(settings) !== placeOf(before.settings)) {
      throw new ServerError("INVALID_INPUT", `The target ${before.name} stays where it is.`, {
        hint: "Add another target for the other place, and remove this one if it is not needed any more.",
        object: before.name,
      });
    }
    const others = (await this.list()).filter((other) => other.id !== id);
    await this.#refuseSame(others, name, settings);
    await this.#open(settings);
    await this.#options.database
      .updateTable("backupTarget")
      .set({ name, settings: JSON.stringify(settings) })
      .where("id", "=", id)
      .execute();
    return { ...before, name, settings };
  }

  async remove(id: string): Promise<StoredTarget> {
    const target = await this.get(id);
    await this.#options.database
      .updateTable("backupTarget")
      .set({ removedAt: isoTime(this.#options.clock.now()) })
      .where("id", "=", id)
      .execute();
    return target;
  }

  async use<T>(id: string, work: (target: BackupTarget, stored: StoredTarget) => Promise<T>): Promise<T> {
    const stored = await this.get(id);
    const { settings } = stored;
    if (settings.kind === "directory") return await work(await this.#open(settings), stored);
    return await this.#options.clusters
      .get(settings.cluster)
      .use(async (cluster) => work(await this.#openPool(cluster, settings), stored));
  }

  async at(location: BackupLocation): Promise<BackupTarget | undefined> {
    if (location.kind === "directory") {
      for (const { settings } of await this.list()) {
        if (settings.kind !== "directory") continue;
        const target = await this.#openIfThere(settings);
        if (target?.location.kind === "directory" && target.location.path === location.path) return target;
      }
      return undefined;
    }
    for (const [, connection] of this.#options.clusters) {
      if (connection.fsid !== location.fsid) continue;
      return await openPoolTarget(await connection.whenOpen(), location);
    }
    return undefined;
  }

  async check(id: string): Promise<TargetCheck> {
    const { settings } = await this.get(id);
    const checkedAt = isoTime(this.#options.clock.now());
    try {
      const freeBytes = await this.#freeBytes(settings);
      return { ok: true, message: "Backups can be made here.", freeBytes, error: null, checkedAt };
    } catch (cause) {
      const error: RowError = rowError(cause);
      return { ok: false, message: error.message, freeBytes: null, error, checkedAt };
    }
  }

  async #freeBytes(settings: TargetSettings): Promise<number | null> {
    if (settings.kind === "directory") {
      await this.#open(settings);
      const { bavail, bsize } = await statfs(settings.path);
      return bavail * bsize;
    }
    return await this.#options.clusters.get(settings.cluster).ask(async (cluster) => {
      const target = await this.#openPool(cluster, settings);
      await target.find("0"); // whether its records can be read
      return await poolSpace(cluster, settings.dataPool ?? settings.pool);
    });
  }

  async #openIfThere(settings: TargetSettings): Promise<BackupTarget | undefined> {
    try {
      return await this.#open(settings);
    } catch (error) {
      if (error instanceof CoppiceError) return undefined; // its file system is not mounted
      throw error;
    }
  }

  async #open(settings: TargetSettings, { create = false } = {}): Promise<BackupTarget> {
    if (settings.kind === "directory") {
      const { path, compression } = settings;
      return await openDirectoryTarget(path, { create, compress: compression ?? false });
    }
    return await this.#options.clusters
      .get(settings.cluster)
      .use((cluster) => this.#openPool(cluster, settings));
  }

  #openPool(cluster: Cluster, settings: z.output<typeof poolSettings>): Promise<BackupTarget> {
    const opened = this.#opened.get(cluster) ?? new Map<string, Promise<BackupTarget>>();
    this.#opened.set(cluster, opened);
    const key = JSON.stringify(settings);
    const known = opened.get(key);
    if (known !== undefined) return known;
    const { pool, namespace, dataPool, stripe } = settings;
    const opening = openPoolTarget(cluster, {
      pool,
      namespace,
      dataPool: dataPool ?? undefined,
      stripeUnit: stripe?.unit,
      stripeCount: stripe?.count,
    });
    opened.set(key, opening);
    opening.catch(() => opened.delete(key));
    return opening;
  }

  async #refuseSame(others: readonly StoredTarget[], name: string, settings: TargetSettings): Promise<void> {
    const same = others.find((other) => other.name === name || placeOf(other.settings) === placeOf(settings));
    if (same === undefined) return;
    const what =
      same.name === name
        ? `There is a target called ${name} already.`
        : `The target ${same.name} is at this place already.`;
    throw new ServerError("TARGET_EXISTS", what, {
      hint: "Choose another name, or use that target.",
      object: same.name,
    });
  }
}

/** Two targets at one place would be the same backups twice. */
function placeOf(settings: TargetSettings): string {
  if (settings.kind === "directory") return `directory ${settings.path.replace(/\/+$/, "")}`;
  const { cluster, pool, namespace } = settings;
  return `pool ${cluster} ${pool} ${namespace}`;
}

/** Where a target is, in words: `pool backups of ceph`, `/mnt/nas/backups`. */
export function showPlace(settings: TargetSettings): string {
  if (settings.kind === "directory") return settings.path;
  const { cluster, pool, namespace } = settings;
  return `pool ${namespace === "" ? pool : `${pool}/${namespace}`} of ${cluster}`;
}

function row({ settings, ...target }: StoredTarget) {
  return { ...target, settings: JSON.stringify(settings), removedAt: null };
}

function storedTarget({
  id,
  name,
  settings,
  createdAt,
}: {
  id: string;
  name: string;
  settings: string;
  createdAt: string;
}): StoredTarget {
  return { id, name, settings: targetSettings.parse(JSON.parse(settings)), createdAt };
}

const spaceReport = z.object({
  pools: z.array(z.object({ name: z.string(), stats: z.object({ max_avail: z.number() }) })),
});

/** How much can still be written to a pool, by the monitors (`ceph df`); null when they do not say. */
async function poolSpace(cluster: Cluster, pool: string): Promise<number | null> {
  const report = spaceReport.safeParse(await cluster.monCommand({ prefix: "df", format: "json" }));
  return report.data?.pools.find(({ name }) => name === pool)?.stats.max_avail ?? null;
}
