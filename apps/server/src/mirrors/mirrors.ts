import {
  type Cluster,
  DomainSnapshotError,
  type ImageSpec,
  listMirrors,
  type MirrorPlan,
  openImage,
  parseDomainSnapshot,
  planMirror,
  showImageSpec,
} from "rbd-core";
import { z } from "zod";
import { operatorProcedure, viewerProcedure } from "../api/procedures.ts";
import { clusterId, queuedTask, rowError, rowErrorSchema, typedSpec } from "../api/schemas.ts";
import { t } from "../api/trpc.ts";
import { ServerError } from "../base/errors.ts";
import type { OperationServices } from "../operations/operation-services.ts";
import type { TaskRunner } from "../tasks/task-runner.ts";
import { checkFree, imageOnly } from "../volumes/volume-task.ts";
import { type MirrorTaskInput, mirrorTask } from "./mirror-task.ts";

/** What is mirrored: libvirt's `<domainsnapshot>` as text, or images by name. */
const request = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("xml"),
    xml: z
      .string()
      .min(1)
      .max(2 ** 20),
  }),
  z.object({
    kind: z.literal("images"),
    images: z
      .array(z.object({ source: typedSpec, mirror: typedSpec.optional() }))
      .min(1)
      .max(64),
  }),
]);

const startInput = z.object({
  /** The cluster of the sources. */
  cluster: clusterId,
  /** The cluster of the mirrors. */
  to: clusterId,
  /** Where mirrors go whose place is not stated. */
  pool: z.string().trim().min(1).max(256),
  namespace: z.string().trim().max(256).default(""),
  request,
});

/** What would be mirrored where. Nothing is changed to find it out. */
const mirrorPlan = z.object({
  mirror: z.string(),
  label: z.string().nullable(),
  disks: z.array(
    z.object({
      name: z.string(),
      source: z.string(),
      mirror: z.string(),
      /** Of the source, in bytes; null when it cannot be read. */
      size: z.number().nullable(),
      /** Why this disk cannot be mirrored; null when it can. */
      problem: rowErrorSchema.nullable(),
    }),
  ),
  /** Disks of the description that have no mirror: they are left alone. */
  ignored: z.array(z.string()),
});

const mirrorRow = z.object({
  /** What it is called by, in `to`. */
  mirror: z.string(),
  /** The cluster of the mirrors. */
  to: clusterId,
  /** The cluster of the sources; null when this server has none with that fsid. */
  cluster: clusterId.nullable(),
  label: z.string().nullable(),
  state: z.enum(["starting", "mirroring", "switching", "pivoted", "confirming", "aborting"]),
  disks: z.array(z.object({ name: z.string(), source: z.string(), mirror: z.string() })),
  createdAt: z.string(),
  /** When the newest complete set was taken; null before there is one. */
  takenAt: z.string().nullable(),
  lagSeconds: z.number().nullable(),
  /** Whether a set was begun that is not complete. */
  isBehind: z.boolean(),
  switchedAt: z.string().nullable(),
  /** Who works on it now. */
  driver: z.string().nullable(),
});

const mirrorList = z.object({
  rows: z.array(mirrorRow),
  problems: z.array(z.object({ mirror: z.string(), error: rowErrorSchema })),
});

const chosenMirror = z.object({ cluster: clusterId, to: clusterId, mirror: typedSpec });

/** `mirrors` of the API. */
export function mirrorsRouter(services: OperationServices, runner: TaskRunner) {
  const { clusters } = services;
  const enqueue = async (input: MirrorTaskInput, user: Parameters<TaskRunner["enqueue"]>[2]) => {
    for (const id of [input.cluster, input.to]) await clusters.get(id).whenOpen(); // refuse now what could not begin
    return { taskId: await runner.enqueue(mirrorTask, input, user) };
  };
  return t.router({
    /** The mirrors that are kept in a cluster. */
    list: viewerProcedure
      .input(z.object({ cluster: clusterId }))
      .output(mirrorList)
      .query(({ input, signal }) => list(services, input.cluster, signal)),

    /** What `mirrors.start` with the same input would do. Reads the clusters, changes nothing. */
    plan: operatorProcedure
      .input(startInput)
      .output(mirrorPlan)
      // A description can be longer than an address may be.
      .mutation(async ({ ctx, input, signal }) => {
        const plan = await explain(services, input, signal);
        ctx.audit.object = plan.mirror;
        return plan;
      }),

    /** Queues the start of a mirror. */
    start: operatorProcedure
      .input(startInput)
      .output(queuedTask)
      .mutation(async ({ ctx, input }) => {
        const { mirror, label, disks } = planOf(input).plan;
        const name = showImageSpec(mirror);
        ctx.audit.object = name;
        const planned = disks.map((disk) => ({
          name: disk.name,
          source: showImageSpec(disk.source),
          mirror: showImageSpec(disk.mirror),
        }));
        const action = { do: "start", label, disks: planned } as const;
        return await enqueue({ cluster: input.cluster, to: input.to, mirror: name, action }, ctx.user);
      }),

    /** Queues a sync, a pivot of a machine that is shut down, or an abort. */
    drive: operatorProcedure
      .input(chosenMirror.extend({ do: z.enum(["sync", "pivot", "abort"]) }))
      .output(queuedTask)
      .mutation(async ({ ctx, input: { do: what, ...chosen } }) => {
        ctx.audit.object = chosen.mirror;
        const mirror = imageOnly(chosen.mirror);
        return await enqueue({ ...chosen, mirror, action: { do: what } }, ctx.user);
      }),

    /** Queues the end of a mirror whose machine uses the mirrors. */
    confirm: operatorProcedure
      .input(chosenMirror.extend({ sources: z.enum(["keep", "trash"]) }))
      .output(queuedTask)
      .mutation(async ({ ctx, input: { sources, ...chosen } }) => {
        ctx.audit.object = chosen.mirror;
        const mirror = imageOnly(chosen.mirror);
        return await enqueue({ ...chosen, mirror, action: { do: "confirm", sources } }, ctx.user);
      }),
  });
}

async function list(
  { clusters, clock }: OperationServices,
  to: string,
  signal: AbortSignal | undefined,
): Promise<z.output<typeof mirrorList>> {
  const ids = new Map<string, string>();
  for (const [id, connection] of clusters) {
    const fsid = await connection.ask(async (cluster) => cluster.fsid).catch(() => null);
    if (fsid !== null) ids.set(fsid, id);
  }
  const { mirrors, problems } = await clusters
    .get(to)
    .ask((cluster) => listMirrors(cluster, { now: () => new Date(clock.now()), signal }));
  return {
    rows: mirrors.map((mirror) => ({
      mirror: showImageSpec(mirror.mirror),
      to,
      cluster: ids.get(mirror.sourceFsid) ?? null,
      label: mirror.label,
      state: mirror.state,
      disks: mirror.disks.map(({ name, source, mirror }) => {
        return { name, source: showImageSpec(source), mirror: showImageSpec(mirror) };
      }),
      createdAt: mirror.createdAt.toISOString(),
      takenAt: mirror.complete?.takenAt.toISOString() ?? null,
      lagSeconds: mirror.lagSeconds,
      isBehind: mirror.next !== null,
      switchedAt: mirror.switchedAt?.toISOString() ?? null,
      driver: mirror.driver && `process ${mirror.driver.pid} on ${mirror.driver.host}`,
    })),
    problems: problems.map(({ mirror, error }) => ({
      mirror: showImageSpec(mirror),
      error: rowError(error),
    })),
  };
}

type StartInput = z.output<typeof startInput>;

/** @throws {ServerError} `INVALID_INPUT` for a description that cannot be used @throws {CoppiceError} */
function planOf({ cluster, to, pool, namespace, request }: StartInput): {
  plan: MirrorPlan;
  ignored: string[];
} {
  const target = { pool, namespace, isSameCluster: cluster === to };
  if (request.kind === "images") return { plan: planMirror({ disks: request.images }, target), ignored: [] };
  try {
    const description = parseDomainSnapshot(request.xml, { allowMirror: true });
    const ignored = description.disks.filter(({ mirror }) => mirror === undefined);
    return { plan: planMirror(description, target), ignored: ignored.map(({ name }) => name) };
  } catch (error) {
    if (!(error instanceof DomainSnapshotError)) throw error;
    const { message, disk, hint } = error;
    throw new ServerError("INVALID_INPUT", message, {
      ...(hint === undefined ? {} : { hint }),
      ...(disk === undefined ? {} : { object: disk }),
      cause: error,
    });
  }
}

async function explain(
  { clusters }: OperationServices,
  input: StartInput,
  signal: AbortSignal | undefined,
): Promise<z.output<typeof mirrorPlan>> {
  const { plan, ignored } = planOf(input);
  const disks = await Promise.all(
    plan.disks.map(async ({ name, source, mirror }) => {
      const [from, to] = await Promise.allSettled([
        clusters.get(input.cluster).ask((cluster) => sizeOf(cluster, source, signal)),
        clusters.get(input.to).ask((cluster) => checkFree(cluster, showImageSpec(mirror), signal)),
      ]);
      const problem = from.status === "rejected" ? from.reason : to.status === "rejected" ? to.reason : null;
      return {
        name,
        source: showImageSpec(source),
        mirror: showImageSpec(mirror),
        size: from.status === "fulfilled" ? from.value : null,
        problem: problem === null ? null : rowError(problem),
      };
    }),
  );
  return { mirror: showImageSpec(plan.mirror), label: plan.label, disks, ignored };
}

async function sizeOf(cluster: Cluster, spec: ImageSpec, signal: AbortSignal | undefined): Promise<number> {
  await using image = await openImage(cluster, spec, { readOnly: true, signal });
  return await image.size({ signal });
}
