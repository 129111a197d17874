import {
  type BackupChainRow,
  type BackupRecord,
  backupReasons,
  type CinderChainProblem,
  type ForeignChain,
  type PointProblem,
} from "rbd-core";
import { z } from "zod";
import { type RowError, rowError, rowErrorSchema } from "../api/schemas.ts";
import type { StoredTarget } from "./targets.ts";

const checkView = z.object({
  at: z.string(),
  ok: z.boolean(),
  /** Bytes that were read and compared, holes included. */
  bytes: z.number(),
  /** What was wrong, one sentence each; at most eight. */
  problems: z.array(z.string()),
  problemCount: z.number(),
});

/** One restore point, with everything that lanes and tables show of it. */
export const pointView = z.object({
  id: z.string(),
  target: z.uuid(),
  chain: z.string(),
  /** `coppice`: it has a record. `cinder`: another program made it, and it can be imported. */
  origin: z.enum(["coppice", "cinder"]),
  /** The point that its digests build on; null when they describe everything, and for a foreign point. */
  parent: z.string().nullable(),
  kind: z.enum(["full", "incremental"]),
  /** Why it is of this kind: one of a closed set, and as a sentence. Null for a foreign point. */
  reason: z.enum(backupReasons).nullable(),
  why: z.string().nullable(),
  /** `removing`: its removal has begun, and only has to be finished. */
  state: z.enum(["complete", "removing"]),
  /** The instant that it restores; null for a foreign point whose name has no time. */
  at: z.string().nullable(),
  completedAt: z.string().nullable(),
  /** How long the backup took, in milliseconds. */
  duration: z.number().nullable(),
  /** Of the image at the point, in bytes. */
  size: z.number(),
  /** In a directory: the length of its file. In a pool: what the backup wrote. Null when that is not known. Bytes. */
  storedBytes: z.number().nullable(),
  /** The source's snapshot that it was taken from. `exists` is null when the source cannot be read. */
  snapshot: z.object({ name: z.string(), id: z.string(), exists: z.boolean().nullable() }).nullable(),
  labels: z.record(z.string(), z.string()),
  protected: z.boolean(),
  /** Backups of other images at the same instant have the same one. */
  set: z.string().nullable(),
  checks: z.object({
    quick: checkView.nullable(),
    deep: checkView.nullable(),
    source: checkView.nullable(),
  }),
  /** Why its data is not there as it should be; empty when it is, as far as a listing can tell. */
  problems: z.array(rowErrorSchema),
  /** The point on which it depends and which is missing or has a problem: it cannot be restored either. */
  brokenBy: z.string().nullable(),
});

/** Points that build on each other, oldest first. */
export const chainView = z.object({
  target: z.object({ id: z.uuid(), name: z.string(), kind: z.enum(["pool", "directory"]) }),
  chain: z.string(),
  origin: z.enum(["coppice", "cinder"]),
  points: z.array(pointView),
  /** Of a foreign chain: what prevents it from being imported, one sentence each. */
  notes: z.array(z.string()),
});

export type PointView = z.output<typeof pointView>;
export type BackupChainView = z.output<typeof chainView>;

/** Whether the source still has the snapshot that a backup was taken from; null when that is not known. */
export type HasSnapshot = (backup: Pick<BackupRecord, "completedAt" | "source">) => boolean | null;

/** A chain with records as it is shown. Pure. */
export function viewChain(
  target: StoredTarget,
  row: BackupChainRow,
  hasSnapshot: HasSnapshot,
): BackupChainView {
  const problems = Map.groupBy(row.problems, ({ id }) => id);
  const broken = brokenPoints(target, row);
  return {
    target: nameOf(target),
    chain: row.chain,
    origin: "coppice",
    points: row.backups.map((backup) => ({
      ...viewPoint(target, backup, hasSnapshot),
      problems: errorsOf(problems.get(backup.id)),
      brokenBy: broken.get(backup.id) ?? null,
    })),
    notes: [],
  };
}

/**
 * The points that cannot be restored because of another one, with that one. A pool's point holds its data by itself, but its
 * digests build on those of every point before it; one in a directory needs every file before it, too. A point that was read as
 * a whole and found right after the damage was found is whole, and so is what builds on it.
 */
function brokenPoints(
  { settings }: StoredTarget,
  { backups, problems }: BackupChainRow,
): Map<string, string> {
  const broken = new Map<string, string>();
  const byId = new Map(backups.map((backup) => [backup.id, backup]));
  const wrong = new Set(settings.kind === "pool" ? [] : problems.map(({ id }) => id));
  const damagedAt = new Map<string, string>();
  for (const { id, checks } of backups) {
    for (const check of Object.values(checks)) {
      if (check?.ok === false && settings.kind === "directory") damagedAt.set(id, check.at);
    }
  }
  for (const { id, parent, checks } of backups) {
    if (parent === null) continue;
    const isFaulty = wrong.has(parent) || damagedAt.has(parent) || !byId.has(parent);
    const by = isFaulty ? parent : broken.get(parent);
    if (by === undefined) continue;
    const found = wrong.has(by) ? undefined : damagedAt.get(by);
    const isProven = found !== undefined && checks.deep?.ok === true && checks.deep.at > found;
    if (!isProven) broken.set(id, by);
  }
  return broken;
}

/** One backup without what only its chain tells. Pure. */
export function viewPoint(target: StoredTarget, backup: BackupRecord, hasSnapshot: HasSnapshot): PointView {
  const { id, chain, parent, kind, reason, why, state, size, labels, set, checks, source } = backup;
  // An import records no transfer and no snapshot of the source unless it was found.
  const isImported = reason === "imported";
  const duration = Date.parse(backup.completedAt) - Date.parse(backup.startedAt);
  return {
    id,
    target: target.id,
    chain,
    origin: "coppice",
    parent,
    kind,
    reason,
    why,
    state,
    at: backup.pointAt,
    completedAt: backup.completedAt,
    duration: isImported ? null : Math.max(0, duration),
    size,
    storedBytes: storedBytes(backup),
    snapshot:
      source.snapshot.id === "0"
        ? null
        : { name: source.snapshot.name, id: source.snapshot.id, exists: hasSnapshot(backup) },
    labels,
    protected: backup.protected,
    set,
    checks,
    problems: [],
    brokenBy: null,
  };
}

/** How much a backup takes in its target, in bytes, as far as its record tells. */
function storedBytes({ stored, reason, transfer }: BackupRecord): number | null {
  if (stored.kind === "diff") return stored.bytes;
  return reason === "imported" ? null : transfer.bytesWritten;
}

/** A chain that another program made. Pure. */
export function viewForeignChain(target: StoredTarget, foreign: ForeignChain): BackupChainView {
  return {
    target: nameOf(target),
    chain: foreign.chain,
    origin: "cinder",
    points: foreign.points.map(({ id, kind, time, size, chain }) => ({
      id,
      target: target.id,
      chain,
      origin: "cinder",
      parent: null,
      kind,
      reason: null,
      why: null,
      state: "complete",
      at: time?.toISOString() ?? null,
      completedAt: null,
      duration: null,
      size,
      storedBytes: null,
      snapshot: null,
      labels: {},
      protected: false,
      set: null,
      checks: { quick: null, deep: null, source: null },
      problems: [],
      brokenBy: null,
    })),
    notes: foreignNotes(foreign),
  };
}

function foreignNotes({ head, problems }: ForeignChain): string[] {
  const notes = problems.map(describeProblem);
  if (head !== null)
    notes.push("This backup has no restore point: what it holds is its image's current state.");
  return notes;
}

function describeProblem(problem: CinderChainProblem): string {
  switch (problem.code) {
    case "FULL_IS_GONE":
      return `The full backup ${problem.backupId} is gone. Later points are whole.`;
    case "SAME_BACKUP_TWICE":
      return `The backup ${problem.backupId} has more than one snapshot: ${problem.snapshots.join(", ")}.`;
    case "NO_POINTS":
      return "No backup has finished here: the first one was interrupted, or is being made.";
    case "METADATA_WITHOUT_POINT":
      return `The backup ${problem.backupId} has metadata and no restore point.`;
  }
}

function nameOf({ id, name, settings }: StoredTarget): BackupChainView["target"] {
  return { id, name, kind: settings.kind };
}

function errorsOf(problems: readonly PointProblem[] | undefined): RowError[] {
  return (problems ?? []).map(({ error }) => rowError(error));
}
