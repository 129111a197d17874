import type { BackupRecord } from "rbd-core";
import { z } from "zod";
import { viewerProcedure } from "../api/procedures.ts";
import { clusterId, rowError, rowErrorSchema } from "../api/schemas.ts";
import { t } from "../api/trpc.ts";
import type { Clock } from "../base/clock.ts";
import { staleCursor } from "../base/paging.ts";
import type { OperationServices } from "../operations/operation-services.ts";
import { growthByDay, imageProtection, protectionState } from "./protection.ts";
import type { Schedules } from "./schedules.ts";

/** How far the growth reaches back. */
const GROWTH_DAYS = 30;

const protectionList = z.object({
  cluster: clusterId,
  state: protectionState.optional(),
  /** Only those of which a policy wants a newer check. */
  verifyLate: z.boolean().optional(),
  /** Only these images. */
  images: z.array(z.string().max(1024)).max(500).optional(),
  /** The image after which to continue. */
  cursor: z.string().max(1024).optional(),
  limit: z.int().min(1).max(500).default(100),
});

const protectionSummary = z.object({
  /** How many images are in each state. */
  states: z.record(protectionState, z.number()),
  verifyLate: z.number(),
  total: z.number(),
  /** How many policies there are for this cluster, and how many of them are paused. */
  policies: z.number(),
  paused: z.number(),
  /** The oldest of the newest backups of images that are not late; null when there is none. */
  oldestBackupAt: z.string().nullable(),
  /** Bytes that backups wrote on each of the last days, oldest first (UTC). */
  growth: z.array(z.object({ day: z.string(), bytes: z.number(), backups: z.number() })),
  /** Targets that cannot be read. */
  problems: z.array(z.object({ target: z.string(), error: rowErrorSchema })),
});

export type ProtectionSummary = z.output<typeof protectionSummary>;

/** `protection` of the API: how well the images of a cluster are protected. */
export function protectionRouter({
  schedules,
  backups,
  clusters,
  clock,
}: Pick<OperationServices, "backups" | "clusters"> & { schedules: Schedules; clock: Clock }) {
  return t.router({
    summary: viewerProcedure
      .input(z.object({ cluster: clusterId }))
      .output(protectionSummary)
      .query(async ({ input: { cluster } }) => {
        clusters.get(cluster);
        const rows = await schedules.protection(cluster);
        const all = await schedules.store.policies();
        const policies = all.filter(({ definition }) => definition.cluster === cluster);
        const countOf = (state: z.output<typeof protectionState>) =>
          rows.filter((row) => row.state === state).length;
        const problems: z.output<typeof protectionSummary>["problems"] = [];
        const records: BackupRecord[] = [];
        for (const target of new Set(policies.map(({ definition }) => definition.target))) {
          try {
            for (const some of (await schedules.backupsByImage(cluster, target)).values())
              records.push(...some);
          } catch (error) {
            const known = (await backups.targets.list()).find(({ id }) => id === target);
            problems.push({ target: known?.name ?? target, error: rowError(error) });
          }
        }
        const newest = rows
          .filter(({ state }) => state === "fresh")
          .map(({ lastBackupAt }) => lastBackupAt ?? "");
        return {
          states: {
            unprotected: countOf("unprotected"),
            pending: countOf("pending"),
            fresh: countOf("fresh"),
            late: countOf("late"),
            unknown: countOf("unknown"),
          },
          verifyLate: rows.filter(({ verifyLate }) => verifyLate).length,
          total: rows.length,
          policies: policies.length,
          paused: policies.filter(({ paused }) => paused).length,
          oldestBackupAt: newest.toSorted()[0] ?? null,
          growth: growthByDay(records, GROWTH_DAYS, clock.now()),
          problems,
        };
      }),

    /** The images of a cluster with how well each is protected, by name. */
    list: viewerProcedure
      .input(protectionList)
      .output(
        z.object({ rows: z.array(imageProtection), filtered: z.number(), nextCursor: z.string().nullable() }),
      )
      .query(async ({ input: { cluster, state, verifyLate, images, cursor, limit } }) => {
        clusters.get(cluster);
        const wanted = images === undefined ? null : new Set(images);
        const matching = (await schedules.protection(cluster)).filter(
          (row) =>
            (state === undefined || row.state === state) &&
            (verifyLate !== true || row.verifyLate) &&
            (wanted === null || wanted.has(row.image)),
        );
        const from = cursor === undefined ? 0 : matching.findIndex(({ key }) => key === cursor) + 1;
        if (cursor !== undefined && from === 0) throw staleCursor(undefined);
        const rows = matching.slice(from, from + limit);
        const nextCursor = from + limit < matching.length ? (rows.at(-1)?.key ?? null) : null;
        return { rows, filtered: matching.length, nextCursor };
      }),
  });
}
