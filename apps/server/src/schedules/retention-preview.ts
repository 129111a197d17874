import { type BackupRecord, describeKeepReason, planRetention, type RetentionPolicy } from "rbd-core";
import { z } from "zod";
import { pastTimes, type Schedule } from "./due-times.ts";
import { isGood } from "./protection.ts";

/** How many points of a schedule are looked at: two years of daily ones, three weeks of hourly ones. */
const PROJECTED = 500;

const previewPoint = z.object({
  at: z.string(),
  /** Why it is kept; empty: it is removed. */
  reasons: z.array(z.string()),
});

/** What a retention would leave. */
export const retentionPreview = z.object({
  /** As if the schedule had always run: the points it would have made, oldest first. */
  projected: z.object({ points: z.array(previewPoint), kept: z.number(), isComplete: z.boolean() }),
  /** What there is today of the policy's images; null when nothing is there, or the target cannot be read. */
  existing: z
    .object({
      /** The image with the most backups among those of which one would be removed, or of all. */
      image: z.string(),
      points: z.array(previewPoint.extend({ backup: z.string() })),
      /** Of all images. */
      kept: z.number(),
      removed: z.number(),
      images: z.number(),
    })
    .nullable(),
});

export type RetentionPreview = z.output<typeof retentionPreview>;

/** What a retention would keep of the points that a schedule makes. Pure. */
export function projectRetention(
  schedule: Schedule,
  policy: RetentionPolicy,
  now: number,
): RetentionPreview["projected"] {
  const times = pastTimes(schedule, now, PROJECTED);
  const points = times.map((at) => ({ id: String(at), time: new Date(at), isRestorable: true }));
  const decisions = planRetention(points, policy).map(({ point, reasons }) => ({
    at: point.time.toISOString(),
    reasons: reasons.map(describeKeepReason),
  }));
  const kept = decisions.filter(({ reasons }) => reasons.length > 0).length;
  // The oldest one is kept for want of older ones: then the picture reaches less far than the retention.
  const isComplete = decisions[0]?.reasons.length === 0;
  return { points: decisions, kept, isComplete };
}

/** What a retention would keep of the backups that are there, image by image. Pure. */
export function planExisting(
  byImage: ReadonlyMap<string, readonly BackupRecord[]>,
  images: readonly string[],
  policy: RetentionPolicy,
): RetentionPreview["existing"] {
  const plans = images.flatMap((image) => {
    const backups = byImage.get(image) ?? [];
    if (backups.length === 0) return [];
    const points = backups
      .map((backup) => ({
        id: backup.id,
        time: new Date(backup.pointAt),
        isRestorable: isGood(backup),
        isProtected: backup.protected,
      }))
      .toSorted((a, b) => a.time.getTime() - b.time.getTime());
    const decisions = planRetention(points, policy).map(({ point, reasons }) => ({
      backup: point.id,
      at: point.time.toISOString(),
      reasons: reasons.map(describeKeepReason),
    }));
    return [
      { image, points: decisions, removed: decisions.filter(({ reasons }) => reasons.length === 0).length },
    ];
  });
  const [shown] = plans.toSorted((a, b) => b.removed - a.removed || b.points.length - a.points.length);
  if (shown === undefined) return null;
  const removed = plans.reduce((sum, plan) => sum + plan.removed, 0);
  const all = plans.reduce((sum, plan) => sum + plan.points.length, 0);
  return { image: shown.image, points: shown.points, kept: all - removed, removed, images: plans.length };
}
