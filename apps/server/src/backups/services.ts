import { join } from "node:path";
import {
  type BackupRecord,
  backupDependants,
  CoppiceError,
  type FindDependants,
  showImageSpec,
} from "rbd-core";
import { rowError } from "../api/schemas.ts";
import { ServerError, toUserError } from "../base/errors.ts";
import type { Host } from "../base/host.ts";
import type { Clusters } from "../cluster/clusters.ts";
import type { Database } from "../db/database.ts";
import type { Catalog } from "../inventory/catalog.ts";
import type { Inventories } from "../inventory/inventories.ts";
import { imageObject, type TaskObject } from "../tasks/task.ts";
import { Catalogue, type TargetContents } from "./catalogue.ts";
import { collectSources, type FindSource, type Source, type TargetState } from "./source-list.ts";
import { type BackupTargets, StoredTargets } from "./targets.ts";

/** What a task on a backup is about: the image that was backed up, where it is known; otherwise a cluster alone. */
export interface BackupSubject {
  cluster: string;
  /** Spec of the image; null when it is in no cluster of this server. */
  image: string | null;
}

interface BackupsOptions {
  targets: BackupTargets;
  catalogue: Catalogue;
  clusters: Clusters;
  inventories: Pick<Inventories, "get">;
  restoreDir: string | null;
  /** How many backups, and how many restores, run at the same time. */
  tasks: number;
}

/** The backups of this server: its targets, what is in them, and whose they are. */
export class Backups {
  readonly targets: BackupTargets;
  readonly catalogue: Catalogue;
  readonly tasks: number;
  readonly #options: BackupsOptions;

  constructor(options: BackupsOptions) {
    this.#options = options;
    this.targets = options.targets;
    this.catalogue = options.catalogue;
    this.tasks = options.tasks;
  }

  /** Every image that has backups, in every target that can be read. */
  async sources(): Promise<{ sources: Source[]; targets: TargetState[] }> {
    const [contents, findSource] = await Promise.all([this.catalogue.contents(), this.findSource()]);
    return { sources: collectSources(contents, findSource), targets: contents.map(stateOf) };
  }

  /** How the images of the clusters that can be read are found by their ids. */
  async findSource(): Promise<FindSource> {
    const { clusters, inventories } = this.#options;
    const read = new Map<string, { cluster: string; catalog: Catalog | null }>();
    for (const [cluster, { fsid }] of clusters) {
      if (fsid !== null) read.set(fsid, { cluster, catalog: await catalogOf(inventories.get(cluster)) });
    }
    return ({ fsid, poolId, namespace, imageId }) => {
      const found = read.get(fsid);
      if (found === undefined) return { cluster: null, image: null, readAt: null };
      const { cluster, catalog } = found;
      if (catalog === null) return { cluster, image: null, readAt: null };
      const pool = catalog.pools.find(({ id }) => id === poolId)?.name;
      const row = pool === undefined ? undefined : catalog.byKey.get(`${pool}/${namespace}/${imageId}`);
      const readAt = catalog.scannedAt;
      if (row === undefined) return { cluster, image: null, readAt };
      const { view, node } = row;
      const snapshots = node.row.state === "ok" ? node.row.snapshots : [];
      const snapshotIds = new Set(snapshots.map(({ id }) => String(id)));
      return { cluster, image: { spec: view.spec, key: view.key, snapshotIds }, readAt };
    };
  }

  /** The record of a backup. @throws {ServerError} `TARGET_UNKNOWN`, `BACKUP_UNKNOWN` */
  async find(target: string, id: string): Promise<BackupRecord> {
    const found = await this.targets.use(target, (opened) => opened.find(id));
    if (found !== null) return found;
    throw new ServerError("BACKUP_UNKNOWN", `The target has no backup ${id}.`, {
      hint: "It may have been removed, or another program made it: then import its chain first.",
      object: id,
    });
  }

  /** Which image a backup is of. */
  subjectOf({ source }: Pick<BackupRecord, "source">): BackupSubject {
    const { clusters } = this.#options;
    const [first = ""] = clusters.ids;
    for (const [cluster, { fsid }] of clusters) {
      if (fsid !== source.fsid) continue;
      const { poolName: pool, namespace, imageName: image } = source;
      return { cluster, image: showImageSpec({ pool, namespace, image }) };
    }
    return { cluster: first, image: null };
  }

  /** The cluster in which a target's chains are; null for a directory. */
  async clusterOf(target: string): Promise<string | null> {
    const { settings } = await this.targets.get(target);
    return settings.kind === "pool" ? settings.cluster : null;
  }

  /**
   * What the backups in all targets need of images of a cluster, for plans of deletions. A target that cannot be read counts as
   * one that needs the image, because it may.
   */
  dependantsOf(cluster: string): FindDependants {
    return async (image) => {
      const found = [];
      for (const { id, name } of await this.targets.list()) {
        try {
          const some = await this.targets.use(id, async (target) =>
            backupDependants(await this.#options.clusters.get(cluster).whenOpen(), [target])(image),
          );
          found.push(...some);
        } catch (error) {
          if (!(error instanceof CoppiceError || error instanceof ServerError)) throw error;
          const what = `perhaps a backup in the target ${name}, which cannot be read: ${toUserError(error).message}`;
          found.push({ what, snapshotId: null });
        }
      }
      return found;
    };
  }

  /** Where a restore may write a file of this name. @throws {ServerError} `INVALID_INPUT` without such a place */
  fileFor(name: string): string {
    const { restoreDir } = this.#options;
    if (restoreDir !== null) return join(restoreDir, name);
    throw new ServerError("INVALID_INPUT", "This server writes no files.", {
      hint: "Set COPPICE_RESTORE_DIR to the directory that restores may write to, or restore to an image.",
    });
  }
}

/** What is known of a cluster's images; null while it cannot be read, which the list of clusters says. */
async function catalogOf(inventory: { current(): Promise<Catalog> }): Promise<Catalog | null> {
  try {
    return await inventory.current();
  } catch {
    return null;
  }
}

/** The object of a task on a backup. */
export function subjectObject({ cluster, image }: BackupSubject): TaskObject {
  return image === null ? { kind: "cluster", cluster, spec: cluster } : imageObject(cluster, image);
}

function stateOf({ target: { id, name }, listing, readAt, error }: TargetContents): TargetState {
  const unreadable = (listing?.unreadable ?? []).map((problem) => ({
    backup: problem.id,
    error: rowError(problem.error),
  }));
  return { id, name, readAt, error: error === null ? null : rowError(error), unreadable };
}

/** The backups on the database. What is being read is stopped at shutdown. */
export async function createBackups(
  { config, clock, log, opened }: Host,
  { database, clusters, inventories }: { database: Database; clusters: Clusters; inventories: Inventories },
): Promise<Backups> {
  const targets = new StoredTargets({ database, clusters, clock });
  const { backupPool: pool, backupTasks: tasks, restoreDir } = config;
  const [{ id: cluster }] = config.clusters;
  if (pool !== null) {
    await targets.addOnce(pool, { kind: "pool", cluster, pool, namespace: "", dataPool: null, stripe: null });
  }
  const catalogue = new Catalogue({ targets, clock, log });
  opened.defer(() => catalogue.close());
  return new Backups({ targets, catalogue, clusters, inventories, restoreDir, tasks });
}
