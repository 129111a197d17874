import type { BackupRecord } from "rbd-core";
import { z } from "zod";
import { isProtectable, type Policy, type SelectableImage, selector } from "./policy.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/**
 * `unprotected`: no policy chooses the image. `pending`: it is new, and its first backup is not due yet. `fresh`: each of its
 * policies has a good backup of it within the objective. `late`: one of them has not. `unknown`: a target cannot be read.
 */
export const protectionState = z.enum(["unprotected", "pending", "fresh", "late", "unknown"]);

/** How well an image is protected. */
export const imageProtection = z.object({
  /** `pool/[namespace/]image`. */
  image: z.string(),
  /** Its key in `images`. */
  key: z.string(),
  state: protectionState,
  /** The policies that choose it. */
  policies: z.array(z.object({ id: z.string(), name: z.string(), state: protectionState })),
  /** Of the policy that is worst off: its newest good backup, and the newest good check of any. */
  lastBackupAt: z.string().nullable(),
  lastVerifyAt: z.string().nullable(),
  /** Whether a policy wants a newer check. */
  verifyLate: z.boolean(),
});

export type ProtectionState = z.output<typeof protectionState>;
export type ImageProtection = z.output<typeof imageProtection>;

/** An image of the inventory. */
export interface ProtectedImage extends SelectableImage {
  key: string;
  createdAt: string | null;
}

/** The backups in one target, by the spec that their image has today; null when the target cannot be read. */
export type BackupsByImage = ReadonlyMap<string, readonly BackupRecord[]> | null;

/** What is known of one image in one target. */
interface Known {
  backupAt: string | null;
  verifyAt: string | null;
  firstAt: string | null;
}

/** A backup that can be restored as far as is known. */
export function isGood({ state, checks }: BackupRecord): boolean {
  const newest = [checks.quick, checks.deep, checks.source]
    .filter((check) => check !== null)
    .toSorted((a, b) => a.at.localeCompare(b.at))
    .at(-1);
  return state === "complete" && newest?.ok !== false;
}

/** The newest good backup. */
export function newestGood(backups: readonly BackupRecord[]): BackupRecord | null {
  return backups
    .filter(isGood)
    .reduce<BackupRecord | null>(
      (newest, backup) => (newest === null || backup.pointAt > newest.pointAt ? backup : newest),
      null,
    );
}

function knownOf(backups: readonly BackupRecord[], depth: "quick" | "deep" | null): Known {
  const good = backups.filter(isGood);
  const points = good.map(({ pointAt }) => pointAt).toSorted();
  const checks = good.flatMap(({ checks: { quick, deep, source } }) =>
    (depth === "deep" ? [deep] : [quick, deep, source]).flatMap((check) =>
      check?.ok === true ? [check.at] : [],
    ),
  );
  return {
    backupAt: points.at(-1) ?? null,
    verifyAt: checks.toSorted().at(-1) ?? null,
    firstAt: points[0] ?? null,
  };
}

/**
 * How well each image is protected, in the order of the images. Pure.
 *
 * @param backups The backups in each target, by its id.
 */
export function assessProtection(
  images: readonly ProtectedImage[],
  policies: readonly Policy[],
  backups: ReadonlyMap<string, BackupsByImage>,
  now: number,
): ImageProtection[] {
  const choosing = policies.map((policy) => ({ policy, chooses: selector(policy.definition.select) }));
  return images.filter(isProtectable).map((image) => {
    const verdicts = choosing
      .filter(({ chooses }) => chooses(image))
      .map(({ policy }) => ({ policy, ...verdictOn(image, policy, backups, now) }));
    const worst = verdicts.toSorted((a, b) => SEVERITY.indexOf(a.state) - SEVERITY.indexOf(b.state))[0];
    return {
      image: image.spec,
      key: image.key,
      state: worst?.state ?? "unprotected",
      policies: verdicts.map(({ policy: { id, definition }, state }) => ({
        id,
        name: definition.name,
        state,
      })),
      lastBackupAt: worst?.backupAt ?? null,
      lastVerifyAt:
        verdicts
          .map(({ verifyAt }) => verifyAt ?? "")
          .toSorted()
          .at(-1) || null,
      verifyLate: verdicts.some(({ verifyLate }) => verifyLate),
    };
  });
}

const SEVERITY: readonly ProtectionState[] = ["late", "unknown", "pending", "fresh", "unprotected"];

function verdictOn(
  image: ProtectedImage,
  { definition, createdAt }: Policy,
  backups: ReadonlyMap<string, BackupsByImage>,
  now: number,
): Known & { state: ProtectionState; verifyLate: boolean } {
  const none = { backupAt: null, verifyAt: null, firstAt: null, verifyLate: false };
  const inTarget = backups.get(definition.target) ?? null;
  if (inTarget === null) return { ...none, state: "unknown" };
  const known = knownOf(inTarget.get(image.spec) ?? [], definition.verify?.depth ?? null);
  // What is new has as long for its first backup as others have for the next.
  const began = Math.max(createdAt, Date.parse(image.createdAt ?? "") || 0);
  const backupSince = known.backupAt === null ? began : Date.parse(known.backupAt);
  const isOverdue = now - backupSince > definition.backupWithinHours * HOUR_MS;
  const state = isOverdue ? "late" : known.backupAt === null ? "pending" : "fresh";
  const { verifyWithinDays: days } = definition;
  const verifySince =
    known.verifyAt === null
      ? Math.max(createdAt, Date.parse(known.firstAt ?? "") || now)
      : Date.parse(known.verifyAt);
  return { ...known, state, verifyLate: days !== null && now - verifySince > days * DAY_MS };
}

/** Bytes that backups wrote, day by day (UTC), for the last `days` days including today. Pure. */
export function growthByDay(
  backups: Iterable<BackupRecord>,
  days: number,
  now: number,
): { day: string; bytes: number; backups: number }[] {
  const dayOf = (at: number) => new Date(at).toISOString().slice(0, 10);
  const sums = new Map(
    Array.from({ length: days }, (_, ago) => [
      dayOf(now - (days - 1 - ago) * DAY_MS),
      { bytes: 0, backups: 0 },
    ]),
  );
  for (const { pointAt, transfer } of backups) {
    const sum = sums.get(pointAt.slice(0, 10));
    if (sum === undefined) continue;
    sum.bytes += transfer.bytesWritten;
    sum.backups++;
  }
  return Array.from(sums, ([day, sum]) => ({ day, ...sum }));
}
