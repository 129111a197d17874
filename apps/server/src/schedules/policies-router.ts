import { randomUUID } from "node:crypto";
import { z } from "zod";
import { operatorProcedure, viewerProcedure } from "../api/procedures.ts";
import { clusterId, noInput, rowError, rowErrorSchema } from "../api/schemas.ts";
import { t } from "../api/trpc.ts";
import { type Clock, isoTime } from "../base/clock.ts";
import { ServerError } from "../base/errors.ts";
import type { OperationServices } from "../operations/operation-services.ts";
import { describeSchedule, nextTimes } from "./due-times.ts";
import {
  checkPolicy,
  checkSelection,
  cronOf,
  imageSelection,
  JOBS,
  type Job,
  type Policy,
  type PolicyDefinition,
  policyDefinition,
  retentionRules,
} from "./policy.ts";
import type { CountedRun } from "./policy-store.ts";
import { planExisting, projectRetention, retentionPreview } from "./retention-preview.ts";
import { itemCounts, policyRun, runItem } from "./run.ts";
import type { Schedules } from "./schedules.ts";

const job = z.enum(JOBS);
const countedRun = policyRun.extend({ counts: itemCounts });
const policyId = z.object({ id: z.uuid() });

/** One job of a policy: its schedule in words, when it is due next, and how its newest run ended. */
const jobView = z.object({
  job,
  cron: z.string(),
  words: z.string(),
  /** ISO 8601; empty while the policy is paused. */
  next: z.array(z.string()),
  lastRun: countedRun.nullable(),
});

const policyView = z.object({
  id: z.uuid(),
  definition: policyDefinition,
  paused: z.boolean(),
  createdAt: z.string(),
  updatedAt: z.string(),
  target: z.object({ id: z.string(), name: z.string().nullable() }),
  jobs: z.array(jobView),
  /** Null while the images or the target cannot be read. */
  images: z
    .object({
      total: z.number(),
      fresh: z.number(),
      late: z.number(),
      pending: z.number(),
      verifyLate: z.number(),
    })
    .nullable(),
});

const policyPreview = z.object({
  jobs: z.array(
    z.object({
      job,
      words: z.string().nullable(),
      next: z.array(z.string()),
      error: rowErrorSchema.nullable(),
    }),
  ),
  /** The first of the images that match, by name. */
  images: z.array(z.string()),
  total: z.number(),
  selectionError: rowErrorSchema.nullable(),
});

/** How many images a preview names. */
const MOST_NAMED = 200;
/** How many points of the trend of drills are sent. */
const MOST_DRILLS = 100;

const previewInput = z.object({
  cluster: clusterId,
  select: imageSelection,
  timeZone: z.string().max(100),
  crons: z.object({
    backup: z.string().max(200).nullable(),
    verify: z.string().max(200).nullable(),
    drill: z.string().max(200).nullable(),
  }),
});

const retentionInput = z.object({
  cluster: clusterId,
  select: imageSelection,
  target: z.string().max(100).nullable(),
  cron: z.string().max(200),
  timeZone: z.string().max(100),
  retention: retentionRules,
});

/** The drills of one policy, or of all, newest first. */
const drillRow = z.object({
  policyId: z.uuid(),
  image: z.string(),
  at: z.string(),
  ok: z.boolean(),
  seconds: z.number().nullable(),
  bytes: z.number().nullable(),
  taskId: z.string().nullable(),
});

export type PolicyView = z.output<typeof policyView>;
export type PolicyJobView = z.output<typeof jobView>;
export type PolicyPreview = z.output<typeof policyPreview>;
export type DrillRow = z.output<typeof drillRow>;

interface PolicyServices extends Pick<OperationServices, "backups" | "clusters"> {
  schedules: Schedules;
  clock: Clock;
}

/** `policies` of the API. */
export function policiesRouter({ schedules, backups, clusters, clock }: PolicyServices) {
  const { store, scheduler } = schedules;
  const viewOf = createView(schedules, backups, clock);
  return t.router({
    /** Every policy of a cluster, by name. */
    list: viewerProcedure
      .input(z.object({ cluster: clusterId }))
      .output(z.object({ policies: z.array(policyView) }))
      .query(async ({ input }) => {
        clusters.get(input.cluster);
        const all = await store.policies();
        const own = all.filter(({ definition }) => definition.cluster === input.cluster);
        return { policies: await viewOf(own) };
      }),

    get: viewerProcedure
      .input(policyId)
      .output(policyView)
      .query(async ({ input }) => one(await viewOf([await schedules.policy(input.id)]))),

    /** What the schedules of a policy mean and which images it would choose. Changes nothing. */
    preview: viewerProcedure
      .input(previewInput)
      .output(policyPreview)
      .query(async ({ input: { cluster, select, timeZone, crons } }) => {
        clusters.get(cluster);
        const now = clock.now();
        const jobs = JOBS.flatMap((name): PolicyPreview["jobs"] => {
          const cron = crons[name];
          if (cron === null) return [];
          const schedule = { cron, timeZone };
          try {
            const words = describeSchedule(schedule);
            const next = nextTimes(schedule, now, 5).map(isoTime);
            return [{ job: name, words, next, error: null }];
          } catch (error) {
            return [{ job: name, words: null, next: [], error: rowError(error) }];
          }
        });
        try {
          const images = await schedules.matching(cluster, checkSelection(select));
          return { jobs, images: images.slice(0, MOST_NAMED), total: images.length, selectionError: null };
        } catch (error) {
          return { jobs, images: [], total: 0, selectionError: rowError(error) };
        }
      }),

    /** What a retention would keep: of what a schedule makes, and of what is there. A dry run: it removes nothing. */
    previewRetention: viewerProcedure
      .input(retentionInput)
      .output(retentionPreview)
      .query(async ({ input: { cluster, select, target, cron, timeZone, retention } }) => {
        clusters.get(cluster);
        const policy = { ...retention, timeZone };
        const projected = projectRetention({ cron, timeZone }, policy, clock.now());
        if (target === null) return { projected, existing: null };
        const images = await schedules.matching(cluster, checkSelection(select));
        const byImage = await schedules.backupsByImage(cluster, target);
        return { projected, existing: planExisting(byImage, images, policy) };
      }),

    create: operatorProcedure
      .input(policyDefinition)
      .output(policyView)
      .mutation(async ({ ctx, input }) => {
        ctx.audit.object = input.name;
        const definition = checkPolicy(input);
        await refuseWrong(definition, null);
        const now = clock.now();
        const policy: Policy = {
          id: randomUUID(),
          definition,
          paused: false,
          createdAt: now,
          updatedAt: now,
          since: { backup: now, verify: now, drill: now },
        };
        await store.insert(policy);
        schedules.policyChanged(policy.id);
        return one(await viewOf([policy]));
      }),

    /** Replaces what a policy says. A schedule that changes counts from now on. */
    change: operatorProcedure
      .input(policyDefinition.extend({ id: z.uuid() }))
      .output(policyView)
      .mutation(async ({ ctx, input: { id, ...input } }) => {
        ctx.audit.object = input.name;
        const before = await schedules.policy(id);
        const definition = checkPolicy(input);
        await refuseWrong(definition, id);
        const now = clock.now();
        const sinceOf = (name: Job) => {
          const same =
            cronOf(definition, name) === cronOf(before.definition, name) &&
            definition.timeZone === before.definition.timeZone;
          return same ? before.since[name] : now;
        };
        const since = { backup: sinceOf("backup"), verify: sinceOf("verify"), drill: sinceOf("drill") };
        const policy = { ...before, definition, since, updatedAt: now };
        await store.save(policy);
        schedules.policyChanged(id);
        return one(await viewOf([policy]));
      }),

    /** Pauses the schedules, or lets them go on: what was due meanwhile is not caught up. Runs under way go on. */
    setPaused: operatorProcedure
      .input(policyId.extend({ paused: z.boolean() }))
      .output(policyView)
      .mutation(async ({ ctx, input: { id, paused } }) => {
        const before = await schedules.policy(id);
        ctx.audit.object = before.definition.name;
        ctx.audit.cluster = before.definition.cluster;
        const now = clock.now();
        const since = before.paused && !paused ? { backup: now, verify: now, drill: now } : before.since;
        const policy = { ...before, paused, since, updatedAt: now };
        await store.save(policy);
        schedules.policyChanged(id);
        return one(await viewOf([policy]));
      }),

    /** Removes a policy and what is known of its runs. The backups stay. */
    remove: operatorProcedure
      .input(policyId)
      .output(policyId)
      .mutation(async ({ ctx, input: { id } }) => {
        const { definition } = await schedules.policy(id);
        ctx.audit.object = definition.name;
        ctx.audit.cluster = definition.cluster;
        await store.remove(id);
        schedules.policyChanged(id);
        return { id };
      }),

    /** Begins a job now, whatever its schedule says. */
    run: operatorProcedure
      .input(policyId.extend({ job }))
      .output(z.object({ runId: z.uuid() }))
      .mutation(async ({ ctx, input }) => {
        const policy = await schedules.policy(input.id);
        const { name, cluster } = policy.definition;
        ctx.audit.object = name;
        ctx.audit.cluster = cluster;
        if (cronOf(policy.definition, input.job) === null) {
          throw new ServerError("INVALID_INPUT", `${name} has no such job.`, {
            hint: "Add its schedule to the policy first.",
            object: name,
          });
        }
        await clusters.get(cluster).whenOpen(); // refuse now what could not begin
        const { id } = await scheduler.runNow(policy, input.job, ctx.user.username);
        return { runId: id };
      }),

    /** Runs of a policy, newest first. */
    runs: viewerProcedure
      .input(
        policyId.extend({
          job: job.optional(),
          cursor: z.string().max(256).optional(),
          limit: z.int().min(1).max(200).default(30),
        }),
      )
      .output(z.object({ rows: z.array(countedRun), nextCursor: z.string().nullable() }))
      .query(({ input: { id, ...page } }) => store.runs({ policyId: id, ...page })),

    /** One run with what it did to each image: those that failed first. */
    outcomes: viewerProcedure
      .input(
        z.object({
          runId: z.uuid(),
          offset: z.int().min(0).default(0),
          limit: z.int().min(1).max(500).default(100),
        }),
      )
      .output(z.object({ run: countedRun, items: z.array(runItem), total: z.number() }))
      .query(async ({ input: { runId, offset, limit } }) => {
        const run = await store.run(runId);
        if (run === null) {
          throw new ServerError("POLICY_UNKNOWN", "There is no such run.", {
            hint: "It may have been removed with its policy.",
            object: runId,
          });
        }
        const items = (await store.items(runId)).toSorted(
          (a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || a.seq - b.seq,
        );
        return { run, items: items.slice(offset, offset + limit), total: items.length };
      }),

    /** Restore drills, newest first: the trend of how long a restore takes. */
    drills: viewerProcedure
      .input(z.object({ id: z.uuid().nullable() }))
      .output(z.object({ rows: z.array(drillRow) }))
      .query(async ({ input }) => ({
        rows: (await store.drills(input.id, MOST_DRILLS)).map((item) => ({
          policyId: item.policyId,
          image: item.image ?? "",
          at: item.endedAt ?? "",
          ok: item.state === "succeeded",
          seconds: item.seconds,
          bytes: item.bytes,
          taskId: item.taskId,
        })),
      })),

    /** The time zones that this server knows. */
    timeZones: viewerProcedure
      .input(noInput)
      .output(z.object({ timeZones: z.array(z.string()) }))
      .query(() => ({
        timeZones: ["UTC", ...Intl.supportedValuesOf("timeZone").filter((zone) => zone !== "UTC")],
      })),
  });

  /** @throws {ServerError} `POLICY_EXISTS`, `CLUSTER_UNKNOWN`, `TARGET_UNKNOWN` */
  async function refuseWrong({ name, cluster, target }: PolicyDefinition, own: string | null): Promise<void> {
    clusters.get(cluster);
    await backups.targets.get(target);
    const same = (await store.policies()).find((other) => other.definition.name === name && other.id !== own);
    if (same === undefined) return;
    throw new ServerError("POLICY_EXISTS", `There is a policy called ${name} already.`, {
      hint: "Choose another name.",
      object: name,
    });
  }
}

const ORDER = ["failed", "canceled", "queued", "waiting", "skipped", "succeeded"];

function one<T>([first]: readonly T[]): T {
  if (first === undefined) throw new Error("a view of one policy has one element");
  return first;
}

/** Returns the function that says of policies what people see. */
function createView(schedules: Schedules, backups: OperationServices["backups"], clock: Clock) {
  return async (policies: readonly Policy[]): Promise<PolicyView[]> => {
    const lastRuns = await schedules.store.lastRuns();
    const names = new Map((await backups.targets.list()).map(({ id, name }) => [id, name]));
    const clusters = new Set(policies.map(({ definition }) => definition.cluster));
    const states = new Map<string, Map<string, { state: string; verifyLate: boolean }[]> | null>();
    for (const cluster of clusters) {
      const rows = await schedules.protection(cluster).catch(() => null); // shown as not known
      const flat = rows?.flatMap(({ policies: own, verifyLate }) =>
        own.map(({ id, state }) => ({ id, state, verifyLate })),
      );
      states.set(cluster, flat === undefined ? null : Map.groupBy(flat, ({ id }) => id));
    }
    return policies.map((policy) => {
      const { id, definition, paused, createdAt, updatedAt } = policy;
      const byPolicy = states.get(definition.cluster) ?? null;
      const own = byPolicy === null ? null : (byPolicy.get(id) ?? []);
      return {
        id,
        definition,
        paused,
        createdAt: isoTime(createdAt),
        updatedAt: isoTime(updatedAt),
        target: { id: definition.target, name: names.get(definition.target) ?? null },
        jobs: jobsOf(policy, lastRuns.get(id) ?? [], clock.now()),
        images:
          own === null || own.some(({ state }) => state === "unknown")
            ? null
            : {
                total: own.length,
                fresh: own.filter(({ state }) => state === "fresh").length,
                late: own.filter(({ state }) => state === "late").length,
                pending: own.filter(({ state }) => state === "pending").length,
                verifyLate: own.filter(({ verifyLate }) => verifyLate).length,
              },
      };
    });
  };
}

function jobsOf({ definition, paused }: Policy, runs: readonly CountedRun[], now: number): PolicyJobView[] {
  return JOBS.flatMap((name) => {
    const cron = cronOf(definition, name);
    if (cron === null) return [];
    const schedule = { cron, timeZone: definition.timeZone };
    const lastRun = runs.find((run) => run.job === name) ?? null;
    const next = paused ? [] : nextTimes(schedule, now, 3).map(isoTime);
    return [{ job: name, cron, words: describeSchedule(schedule), next, lastRun }];
  });
}
