import {
  CoppiceError,
  checkName,
  deletionPlan,
  formatImageSpec,
  listTrash,
  moveToTrash,
  type PurgedImage,
  purgeTrash,
  restoreFromTrash,
  type TrashRow,
} from "rbd-core";
import { z } from "zod";
import { operatorProcedure, viewerProcedure } from "../../api/procedures.ts";
import { clusterId, queuedTask, rowError, rowErrorSchema, typedSpec } from "../../api/schemas.ts";
import { t } from "../../api/trpc.ts";
import { ServerError } from "../../base/errors.ts";
import { cutPage, decodeCursor } from "../../base/paging.ts";
import { findImage } from "../../inventory/catalog.ts";
import { imageObject, type TaskObject } from "../../tasks/task.ts";
import type { TaskKind } from "../../tasks/task-kind.ts";
import type { TaskRunner } from "../../tasks/task-runner.ts";
import { imageById, imageName, keyOf, namedImage, plainImage } from "../named-image.ts";
import type { OperationServices } from "../operation-services.ts";

const CONCURRENCY = 4;
/** Longer than anybody plans, and still a number of seconds that Ceph can store. */
const LONGEST_KEEP_SECONDS = 10 * 366 * 86_400;

const listInput = z.object({
  cluster: clusterId,
  limit: z.int().min(1).max(200).default(50),
  cursor: z.string().max(2048).optional(),
  /** Any part of the spec. */
  search: z.string().max(1024).optional(),
});

const trashRow = z.object({
  /** As in a row of the images. */
  key: z.string(),
  /** `pool/[namespace/]image`: the name that it had. Another image may have it by now. */
  spec: z.string(),
  pool: z.string(),
  namespace: z.string(),
  name: z.string(),
  /** What moved it there: a user, mirroring, a migration, a removal that was begun, … */
  source: z.string(),
  deletedAt: z.string(),
  /** Before this moment it is not purged. */
  deferredUntil: z.string(),
  expired: z.boolean(),
  /** What is being done to it, or was when a client was interrupted. */
  state: z.enum(["normal", "moving", "removing", "restoring", "unknown"]),
  /** Bytes, and the numbers of snapshots and clones; null when the image could not be read. */
  size: z.number().nullable(),
  snapshotCount: z.number().nullable(),
  cloneCount: z.number().nullable(),
});

const trashPage = z.object({
  /** Newest in the trash first. */
  rows: z.array(trashRow),
  nextCursor: z.string().nullable(),
  /** All that match. */
  total: z.number(),
  /** All whose deferment has ended, whatever was searched for. */
  expired: z.number(),
  /** Pools and namespaces whose trash could not be listed. */
  problems: z.array(z.object({ place: z.string(), error: rowErrorSchema })),
});

const moveInput = z.object({
  cluster: clusterId,
  /** `pool/[namespace/]image`. */
  image: typedSpec,
  /** How long it is not purged. */
  keepSeconds: z.int().min(0).max(LONGEST_KEEP_SECONDS).default(0),
});

const moveResult = z.object({
  kind: z.literal("move-to-trash"),
  target: z.string(),
  /** Names the image in the trash, to restore it. */
  key: z.string(),
});

const restoreInput = z.object({
  cluster: clusterId,
  /** The key of the image in the trash. */
  image: imageName,
  /** The name to give it. Left out: the one that it had. */
  name: z.string().min(1).max(1024).optional(),
});

/** What the task stores: `spec` is the one that the image will have. */
const restoreTaskInput = z.object({
  cluster: clusterId,
  image: imageById,
  spec: z.string(),
  name: z.string().optional(),
});

const restoreResult = z.object({ kind: z.literal("restore-from-trash"), target: z.string() });

const purgeInput = z.object({
  cluster: clusterId,
  /** Only this pool. Left out: all. */
  pool: z.string().min(1).max(1024).optional(),
  /** Removes images with snapshots too. Otherwise they are kept. */
  withSnapshots: z.boolean().default(false),
});

const startPurgeInput = purgeInput.extend({
  /** Only what had expired at this time: that of the preview. */
  expiredBefore: z.iso.datetime(),
});

const purgePreview = z.object({
  /** For `trash.purge`. */
  expiredBefore: z.string(),
  images: z.array(
    z.object({
      key: z.string(),
      spec: z.string(),
      /** Whether it would be removed, or kept. */
      state: z.enum(["removed", "kept", "failed"]),
      reason: z.string().nullable(),
      /** Bytes that would be freed, as far as object maps can tell. */
      freed: z.number().nullable(),
    }),
  ),
});

const purgeResult = z.object({
  kind: z.literal("purge-trash"),
  removed: z.number(),
  kept: z.number(),
  /** Bytes, as far as object maps can tell. */
  freed: z.number(),
});

type MoveInput = z.output<typeof moveInput>;
type RestoreTaskInput = z.output<typeof restoreTaskInput>;
type StartPurgeInput = z.output<typeof startPurgeInput>;
export type TrashPage = z.output<typeof trashPage>;
export type PurgePreview = z.output<typeof purgePreview>;
export type MoveToTrashTaskResult = z.output<typeof moveResult>;
export type RestoreFromTrashTaskResult = z.output<typeof restoreResult>;
export type PurgeTaskResult = z.output<typeof purgeResult>;

/** `trash` of the API. One image is removed from the trash by `deletion`. */
export function trashRouter(services: OperationServices, runner: TaskRunner) {
  const { clusters, dependantsOf } = services;
  return t.router({
    /** One page of the images in the trash. */
    list: viewerProcedure
      .input(listInput)
      .output(trashPage)
      .query(({ input, signal }) => listPage(services, input, signal)),

    /** Queues moving an image to the trash, from where it can be restored. Its snapshots and clones stay as they are. */
    move: operatorProcedure
      .input(moveInput)
      .output(queuedTask)
      .mutation(async ({ ctx, input }) => {
        ctx.audit.object = input.image;
        const image = formatImageSpec(plainImage(input.image));
        await clusters.get(input.cluster).whenOpen(); // refuse now what could not begin
        return { taskId: await runner.enqueue(moveTask, { ...input, image }, ctx.user) };
      }),

    /** Queues bringing an image back. */
    restore: operatorProcedure
      .input(restoreInput)
      .output(queuedTask)
      .mutation(async ({ ctx, input, signal }) => {
        ctx.audit.object = input.image;
        if (input.name !== undefined) checkName("image", input.name);
        const row = await rowInTrash(services, input, signal);
        const { pool, namespace, id } = row;
        const name = input.name ?? row.name;
        const stored: RestoreTaskInput = {
          cluster: input.cluster,
          image: { pool, namespace, id },
          spec: formatImageSpec({ pool, namespace, image: name }),
          ...(input.name === undefined ? {} : { name }),
        };
        return { taskId: await runner.enqueue(restoreTask, stored, ctx.user) };
      }),

    /** What `trash.purge` with the same input would do. Changes nothing. */
    purgePreview: viewerProcedure
      .input(purgeInput)
      .output(purgePreview)
      .query(async ({ input: { cluster: id, pool, withSnapshots }, signal }) => {
        const expiredBefore = new Date();
        const purged = await clusters.get(id).ask((cluster) =>
          purgeTrash(cluster, {
            ...(pool === undefined ? {} : { pools: [pool] }),
            expiredBefore,
            withSnapshots,
            dryRun: true,
            findDependants: dependantsOf(id),
            signal,
          }),
        );
        const images = purged.map(({ image, state, reason, freed }) => ({
          key: keyOf(id, image),
          spec: image.spec,
          state,
          reason,
          freed,
        }));
        return { expiredBefore: expiredBefore.toISOString(), images };
      }),

    /** Queues the removal of all expired images from the trash. What something depends on is kept. */
    purge: operatorProcedure
      .input(startPurgeInput)
      .output(queuedTask)
      .mutation(async ({ ctx, input }) => {
        ctx.audit.object = input.pool ?? null;
        await clusters.get(input.cluster).whenOpen(); // refuse now what could not begin
        return { taskId: await runner.enqueue(purgeTask, input, ctx.user) };
      }),
  });
}

async function listPage(
  { clusters, inventories }: OperationServices,
  { cluster: id, limit, cursor, search }: z.output<typeof listInput>,
  signal: AbortSignal | undefined,
): Promise<TrashPage> {
  const [{ rows, unlisted }, catalog] = await Promise.all([
    clusters.get(id).ask((cluster) => listTrash(cluster, { signal })),
    inventories.get(id).current(),
  ]);
  const wanted = search?.trim().toLowerCase() ?? "";
  const matching = rows
    .map((row) => ({ row, at: row.deletedAt.toISOString(), id: keyOf(id, row) }))
    .filter(({ row }) => row.spec.toLowerCase().includes(wanted))
    .sort((a, b) => newestFirst(a, b));
  const after = cursor === undefined ? null : decodeCursor(cursor);
  const left = after === null ? matching : matching.filter((each) => newestFirst(after, each) < 0);
  const page = cutPage(left.slice(0, limit + 1), limit, (each) => each);
  return {
    rows: page.rows.map(({ row, id: key }) => {
      const view = findImage(catalog, key)?.view;
      const known = view?.state === "ok" ? view : null;
      return {
        ...rowView(row, key),
        size: known?.size ?? null,
        snapshotCount: known?.snapshotCount ?? null,
        cloneCount: view?.childCount ?? null,
      };
    }),
    nextCursor: page.nextCursor,
    total: matching.length,
    expired: rows.filter(({ expired }) => expired).length,
    problems: unlisted.map(({ place, error }) => ({ place, error: rowError(error) })),
  };
}

function newestFirst(a: { at: string; id: string }, b: { at: string; id: string }): number {
  if (a.at !== b.at) return a.at > b.at ? -1 : 1;
  return a.id < b.id ? -1 : Number(a.id > b.id);
}

function rowView({ deletedAt, deferredUntil, ...row }: TrashRow, key: string) {
  const { spec, pool, namespace, name, source, expired, state } = row;
  return {
    key,
    spec,
    pool,
    namespace,
    name,
    source,
    deletedAt: deletedAt.toISOString(),
    deferredUntil: deferredUntil.toISOString(),
    expired,
    state,
  };
}

/** @throws {ServerError} `IMAGE_UNKNOWN` when no such image is in the trash */
async function rowInTrash(
  { clusters }: OperationServices,
  { cluster: id, image }: z.output<typeof restoreInput>,
  signal: AbortSignal | undefined,
): Promise<TrashRow> {
  const connection = clusters.get(id);
  const named = namedImage(id, image);
  const found =
    "id" in named
      ? (await connection.ask((cluster) => listTrash(cluster, { pools: [named.pool], signal }))).rows.find(
          (row) => row.namespace === named.namespace && row.id === named.id,
        )
      : undefined;
  if (found !== undefined) return found;
  throw new ServerError("IMAGE_UNKNOWN", `${image} is not in the trash.`, {
    object: image,
    hint: "It may have been restored or removed. Name it by its key, as the list of the trash does.",
  });
}

/** Moving an image to the trash as a task. */
export const moveTask: TaskKind<MoveInput, MoveToTrashTaskResult, OperationServices> = {
  kind: "move-to-trash",
  input: moveInput,
  result: moveResult,
  concurrency: () => CONCURRENCY,
  title: ({ image }) => `Move ${image} to the trash`,
  object: ({ cluster, image }) => imageObject(cluster, image),
  related: () => [],

  async run({ cluster: id, image, keepSeconds }, task, { clusters, inventories, dependantsOf }) {
    task.phase("Checking what uses the image");
    const { signal } = task;
    const key = await clusters.get(id).use(async (cluster) => {
      const plan = await deletionPlan(cluster, image, { findDependants: dependantsOf(id), signal });
      const way = plan.ways.find((each) => each.way === "trash");
      const blocking = plan.blockers.filter(({ closes }) => closes.includes("trash"));
      if (way?.open !== true) {
        throw new CoppiceError({
          code: "BUSY",
          call: "moveToTrash",
          object: image,
          message: `${image} cannot be moved to the trash: ${blocking.map(({ message }) => message).join("; ")}`,
          hint: blocking[0]?.hint ?? undefined,
        });
      }
      if (way.steps.some((step) => step.do === "leave-group")) {
        throw new CoppiceError({
          code: "IN_GROUP",
          call: "moveToTrash",
          object: image,
          message: `${image} belongs to a group, which a restored image does not return to`,
          hint: "Take it out of its group first, or delete it, which does that.",
        });
      }
      task.phase("Moving the image to the trash");
      await moveToTrash(cluster, image, { keepSeconds, signal });
      return keyOf(id, plan.image);
    });
    inventories.get(id).renew();
    return { kind: "move-to-trash", target: image, key };
  },

  afterCrash: ({ image }) => ({
    message: `The server stopped while ${image} was being moved to the trash. A move that had begun is finished by itself.`,
    hint: "Look for it in the trash.",
    object: image,
  }),
};

/** Restoring an image from the trash as a task. */
export const restoreTask: TaskKind<RestoreTaskInput, RestoreFromTrashTaskResult, OperationServices> = {
  kind: "restore-from-trash",
  input: restoreTaskInput,
  result: restoreResult,
  concurrency: () => CONCURRENCY,
  title: ({ spec }) => `Restore ${spec} from the trash`,
  object: ({ cluster, spec }) => imageObject(cluster, spec),
  related: () => [],

  async run({ cluster: id, image, name }, task, { clusters, inventories }) {
    task.phase("Restoring the image");
    const { signal } = task;
    const target = await clusters
      .get(id)
      .use((cluster) => restoreFromTrash(cluster, image, { name, signal }));
    inventories.get(id).renew();
    return { kind: "restore-from-trash", target };
  },

  afterCrash: ({ spec }) => ({
    message: `The server stopped while ${spec} was being restored from the trash.`,
    hint: "If it is still in the trash, restore it again.",
    object: spec,
  }),
};

/** Purging the trash as a task. */
export const purgeTask: TaskKind<StartPurgeInput, PurgeTaskResult, OperationServices> = {
  kind: "purge-trash",
  input: startPurgeInput,
  result: purgeResult,
  concurrency: () => 1,
  title: ({ pool }) => (pool === undefined ? "Purge the trash" : `Purge the trash of ${pool}`),
  object: ({ cluster, pool }): TaskObject =>
    pool === undefined
      ? { kind: "cluster", cluster, spec: cluster }
      : { kind: "pool", cluster, spec: pool, pool },
  related: () => [],

  async run(
    { cluster: id, pool, withSnapshots, expiredBefore },
    task,
    { clusters, inventories, dependantsOf },
  ) {
    task.phase("Removing expired images");
    try {
      const purged = await clusters.get(id).use((cluster) =>
        purgeTrash(cluster, {
          ...(pool === undefined ? {} : { pools: [pool] }),
          expiredBefore: new Date(expiredBefore),
          withSnapshots,
          findDependants: dependantsOf(id),
          signal: task.signal,
          onProgress: ({ done, total }) => task.progress(done, total),
        }),
      );
      for (const { image, state, reason } of purged) {
        task.log(`${image.spec} (${image.id}): ${state}${reason === null ? "" : `: ${reason}`}.`);
      }
      refuseFailures(purged);
      const count = (wanted: PurgedImage["state"]) => purged.filter(({ state }) => state === wanted).length;
      const freed = purged.reduce((sum, each) => sum + (each.state === "removed" ? (each.freed ?? 0) : 0), 0);
      return { kind: "purge-trash", removed: count("removed"), kept: count("kept"), freed };
    } finally {
      inventories.get(id).renew();
    }
  },

  afterCrash: ({ cluster, pool }) => ({
    message:
      "The server stopped while the trash was being purged. A removal that had begun is finished by itself.",
    hint: "Purge it again for the rest.",
    object: pool ?? cluster,
  }),
};

/** @throws {CoppiceError} when an image could not be removed; the log names each */
function refuseFailures(purged: readonly PurgedImage[]): void {
  const [first, ...others] = purged.filter(({ state }) => state === "failed");
  if (first === undefined) return;
  throw new CoppiceError({
    code: "UNKNOWN",
    call: "purgeTrash",
    object: first.image.spec,
    message:
      others.length === 0
        ? `${first.image.spec} could not be removed: ${first.reason}`
        : `${others.length + 1} images could not be removed; the first: ${first.image.spec}: ${first.reason}`,
    hint: "The log names each. The other images are removed.",
  });
}
