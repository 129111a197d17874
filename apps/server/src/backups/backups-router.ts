import { changeBackup, restoreCommands } from "rbd-core";
import { z } from "zod";
import { adminProcedure, operatorProcedure, viewerProcedure } from "../api/procedures.ts";
import { clusterId, noInput, queuedTask, typedSpec } from "../api/schemas.ts";
import { t } from "../api/trpc.ts";
import { ServerError } from "../base/errors.ts";
import { findImage } from "../inventory/catalog.ts";
import type { OperationServices } from "../operations/operation-services.ts";
import type { TaskRunner } from "../tasks/task-runner.ts";
import { backupRequest, queueBackup } from "./backup-task.ts";
import { type BackupChainView, pointView } from "./chain-view.ts";
import { importRequest, queueImport } from "./import-task.ts";
import {
  deleteRequest,
  prunePlanOf,
  prunePlanView,
  pruneRequest,
  queueDelete,
  queuePrune,
} from "./removal-tasks.ts";
import { planOf, queueRestore, restorePlanView, restoreRequest, showDestination } from "./restore-task.ts";
import {
  listSources,
  type Source,
  type SourceDetail,
  sourceDetail,
  sourceRow,
  sourcesInput,
  sourcesPage,
} from "./source-list.ts";
import { type StoredTarget, showPlace, targetCheck, targetName, targetSettings } from "./targets.ts";
import { backupId, queueVerify, verifyRequest } from "./verify-task.ts";

const targetView = z.object({
  id: z.uuid(),
  name: z.string(),
  /** In words: `pool backups of ceph`, `/mnt/nas/backups`. */
  place: z.string(),
  settings: targetSettings,
  createdAt: z.string(),
});

const pointDetail = z.object({
  point: pointView,
  /** The image that it is a backup of. */
  source: sourceRow,
  /** The points whose data it is made of, oldest first, with itself as the last one. */
  needs: z.array(z.string()),
  target: targetView,
  /** Plain commands that restore it without this product, by what they make. */
  commands: z.array(z.object({ title: z.string(), commands: z.array(z.string()) })),
});

const targetIdInput = z.object({ id: z.uuid() });

export type TargetView = z.output<typeof targetView>;
export type PointDetail = z.output<typeof pointDetail>;

/** `backups` of the API. */
export function backupsRouter(services: OperationServices, runner: TaskRunner) {
  const { backups } = services;
  return t.router({
    targets: targetsRouter(services),

    /** One page of the images that have backups, filtered and sorted by the server. */
    sources: viewerProcedure
      .input(sourcesInput)
      .output(sourcesPage)
      .query(async ({ input }) => {
        const { sources, targets } = await backups.sources();
        return { ...listSources(sources, input), targets };
      }),

    /** The chains of a source, by its key in `sources`. */
    chain: viewerProcedure
      .input(z.object({ source: z.string().max(8192) }))
      .output(sourceDetail)
      .query(async ({ input }) => detailOf(services, ({ row }) => row.key === input.source)),

    /** The chains of an image, by its spec or its key in `images`. */
    ofImage: viewerProcedure
      .input(z.object({ cluster: clusterId, image: typedSpec }))
      .output(sourceDetail)
      .query(async ({ input: { cluster, image } }) => {
        const found = findImage(await services.inventories.get(cluster).current(), image);
        const key = found?.view.key ?? image;
        return await detailOf(services, ({ row }) => row.imageKey === key);
      }),

    /** One restore point, what it needs, and the commands that restore it. */
    point: viewerProcedure
      .input(z.object({ target: z.uuid(), backup: backupId }))
      .output(pointDetail)
      .query(({ input }) => readPoint(services, input.target, input.backup)),

    /** Queues a backup of an image. */
    start: operatorProcedure
      .input(backupRequest)
      .output(queuedTask)
      .mutation(async ({ ctx, input }) => {
        ctx.audit.object = input.image;
        return { taskId: await queueBackup(services, runner, input, ctx.user) };
      }),

    /** What a restore would do, and what prevents it. Changes nothing. */
    restorePlan: operatorProcedure
      .input(restoreRequest)
      .output(restorePlanView)
      .query(({ input, signal }) => planOf(services, input, signal)),

    /** Queues a restore: to a new image, in place, as a clone, or to a file. */
    restore: operatorProcedure
      .input(restoreRequest)
      .output(queuedTask)
      .mutation(async ({ ctx, input }) => {
        ctx.audit.object = showDestination(input.to);
        if (input.to.kind !== "file") ctx.audit.cluster = input.to.cluster;
        return { taskId: await queueRestore(services, runner, input, ctx.user) };
      }),

    /** Queues a check of a backup. What it finds is kept with the backup. */
    verify: operatorProcedure
      .input(verifyRequest)
      .output(queuedTask)
      .mutation(async ({ ctx, input }) => {
        ctx.audit.object = input.backup;
        return { taskId: await queueVerify(services, runner, input, ctx.user) };
      }),

    /** Queues the removal of a backup, any one of its chain. */
    remove: operatorProcedure
      .input(deleteRequest)
      .output(queuedTask)
      .mutation(async ({ ctx, input }) => {
        ctx.audit.object = input.backup;
        return { taskId: await queueDelete(services, runner, input, ctx.user) };
      }),

    /** What a retention would keep, and why, and what it would remove. Changes nothing. */
    prunePlan: operatorProcedure
      .input(pruneRequest)
      .output(prunePlanView)
      .query(({ input, signal }) => prunePlanOf(services, input, signal)),

    /** Queues the removal of the backups that a retention does not keep. */
    prune: operatorProcedure
      .input(pruneRequest)
      .output(queuedTask)
      .mutation(async ({ ctx, input }) => {
        ctx.audit.object = (await backups.targets.get(input.target)).name;
        return { taskId: await queuePrune(services, runner, input, ctx.user) };
      }),

    /** Says whether retention keeps a backup, whatever the policy says. */
    protect: operatorProcedure
      .input(z.object({ target: z.uuid(), backup: backupId, protected: z.boolean() }))
      .output(z.object({ backup: backupId, protected: z.boolean() }))
      .mutation(async ({ ctx, input }) => {
        ctx.audit.object = input.backup;
        const { id, protected: isProtected } = await backups.targets.use(input.target, (target) =>
          changeBackup({ target, backup: input.backup, protected: input.protected }),
        );
        await backups.catalogue.renew(input.target);
        return { backup: id, protected: isProtected };
      }),

    /** Queues the import of a chain that OpenStack Cinder made. */
    importCinder: operatorProcedure
      .input(importRequest)
      .output(queuedTask)
      .mutation(async ({ ctx, input }) => {
        ctx.audit.object = input.chain;
        return { taskId: await queueImport(services, runner, input, ctx.user) };
      }),

    /** Reads the targets again now, or one of them. */
    refresh: viewerProcedure
      .input(z.object({ target: z.uuid().optional() }).default({}))
      .output(z.object({ targets: z.number() }))
      .mutation(async ({ input }) => {
        const all = await backups.targets.list();
        const wanted = input.target === undefined ? all : all.filter(({ id }) => id === input.target);
        await Promise.all(wanted.map(({ id }) => backups.catalogue.renew(id)));
        return { targets: wanted.length };
      }),
  });
}

/** `backups.targets` of the API. */
function targetsRouter({ backups: { targets, catalogue } }: OperationServices) {
  return t.router({
    /** Every place for backups, by name. */
    list: viewerProcedure
      .input(noInput)
      .output(z.object({ targets: z.array(targetView) }))
      .query(async () => ({ targets: (await targets.list()).map(viewTarget) })),

    /** Whether a target can be used now, and how much is free there. */
    check: viewerProcedure
      .input(targetIdInput)
      .output(targetCheck)
      .query(({ input }) => targets.check(input.id)),

    /** Adds a place for backups, if it can be opened. An empty or missing directory becomes one. */
    add: adminProcedure
      .input(z.object({ name: targetName, settings: targetSettings }))
      .output(targetView)
      .mutation(async ({ ctx, input }) => {
        ctx.audit.object = input.name;
        return viewTarget(await targets.add(input.name, input.settings));
      }),

    /** Changes a target's name, or how new backups are laid out there. Its place stays. */
    change: adminProcedure
      .input(z.object({ id: z.uuid(), name: targetName.optional(), settings: targetSettings.optional() }))
      .output(targetView)
      .mutation(async ({ ctx, input: { id, ...changes } }) => {
        ctx.audit.object = (await targets.get(id)).name;
        return viewTarget(await targets.change(id, changes));
      }),

    /** Forgets a target. The backups in it stay: adding it again shows them again. */
    remove: adminProcedure
      .input(targetIdInput)
      .output(targetView)
      .mutation(async ({ ctx, input }) => {
        const removed = await targets.remove(input.id);
        ctx.audit.object = removed.name;
        catalogue.forget(input.id);
        return viewTarget(removed);
      }),
  });
}

function viewTarget({ id, name, settings, createdAt }: StoredTarget): TargetView {
  return { id, name, place: showPlace(settings), settings, createdAt };
}

async function detailOf(
  { backups }: OperationServices,
  isIt: (source: Source) => boolean,
): Promise<SourceDetail> {
  const { sources, targets } = await backups.sources();
  const found = sources.find(isIt);
  return { source: found?.row ?? null, chains: found?.chains ?? [], targets };
}

/** @throws {ServerError} `BACKUP_UNKNOWN` */
async function readPoint({ backups }: OperationServices, targetId: string, id: string): Promise<PointDetail> {
  const { sources } = await backups.sources();
  const isIt = ({ target, points }: BackupChainView) =>
    target.id === targetId && points.some((point) => point.id === id);
  const source = sources.find(({ chains }) => chains.some(isIt));
  const chain = source?.chains.find(isIt);
  const point = chain?.points.find((each) => each.id === id);
  if (source === undefined || chain === undefined || point === undefined) {
    throw new ServerError("BACKUP_UNKNOWN", `The target has no backup ${id}.`, {
      hint: "It may have been removed. Look for it in the list of backups.",
      object: id,
    });
  }
  return await backups.targets.use(targetId, async ({ location }, stored) => {
    const needed = backups.catalogue.dataOf(targetId, chain.chain, id);
    return {
      point,
      source: source.row,
      needs: needed.map((each) => each.id),
      target: viewTarget(stored),
      commands: restoreCommands(location, needed).map(({ title, commands }) => ({
        title,
        commands: [...commands],
      })),
    };
  });
}
