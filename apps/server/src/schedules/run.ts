import type { RetentionPolicy } from "rbd-core";
import { z } from "zod";
import { taskError } from "../tasks/task.ts";
import { JOBS } from "./policy.ts";

/**
 * `waiting`: its time has come, and it begins after its jitter and after the run before it. `skipped`: the run before it
 * was still going on. `failed`: something of it did not succeed.
 */
export const runState = z.enum(["waiting", "running", "succeeded", "failed", "skipped"]);

/** Why there is a run: its time came, its time had passed while the server was down, or somebody asked for it. */
const runCause = z.enum(["schedule", "catch-up", "manual"]);

export const itemKind = z.enum(["backup", "verify", "drill", "prune"]);

/** `queued`: there is a task for it. `skipped`: there was nothing to do, for the reason in `why`. */
export const itemState = z.enum(["waiting", "queued", "succeeded", "failed", "canceled", "skipped"]);

/** One run of a job of a policy. Times are ISO 8601. */
export const policyRun = z.object({
  id: z.uuid(),
  policyId: z.uuid(),
  job: z.enum(JOBS),
  cause: runCause,
  /** When it was to begin. */
  dueAt: z.string(),
  /** The same with the jitter. */
  beginAt: z.string(),
  startedAt: z.string().nullable(),
  endedAt: z.string().nullable(),
  state: runState,
  /** Why it waits, was skipped or failed as a whole. */
  reason: z.string().nullable(),
  /** How many earlier times had passed and are made good by it. */
  missed: z.number(),
  /** Who started it; null for a schedule. */
  username: z.string().nullable(),
});

/** What a run did, or is to do, with one image. */
export const runItem = z.object({
  runId: z.uuid(),
  seq: z.number(),
  kind: itemKind,
  /** `pool/[namespace/]image`; null for pruning, which concerns all of the run's images. */
  image: z.string().nullable(),
  state: itemState,
  taskId: z.uuid().nullable(),
  /** 1 for the first; more when the server died while it ran. */
  attempt: z.number(),
  /** The backup that was made, checked or restored. */
  backupId: z.string().nullable(),
  backupKind: z.enum(["full", "incremental"]).nullable(),
  /** Why the backup is full or incremental; or why nothing was done. */
  why: z.string().nullable(),
  /** Bytes that were moved, or checked. */
  bytes: z.number().nullable(),
  seconds: z.number().nullable(),
  endedAt: z.string().nullable(),
  error: taskError.nullable(),
});

export type RunState = z.output<typeof runState>;
export type PolicyRun = z.output<typeof policyRun>;
export type RunItem = z.output<typeof runItem>;

/** How far a run has come. */
export interface RunProgress {
  /** Items for which there is a task, the pruning left out. */
  queued: number;
  /** Items that have no task yet, the pruning left out. */
  waiting: number;
}

/**
 * The items that can begin now: at most `parallel` at a time, none on an image that another item works on, and the pruning
 * when everything else has ended. Pure.
 *
 * @param waiting Items without a task, in their order; it is enough to give as many as `parallel` and `busy` together.
 * @param busy The images that items of all runs work on.
 */
export function itemsToBegin(
  waiting: readonly RunItem[],
  progress: RunProgress,
  parallel: number,
  busy: ReadonlySet<string>,
): RunItem[] {
  if (progress.queued + progress.waiting === 0) return waiting.filter(({ kind }) => kind === "prune");
  const taken = new Set(busy);
  let free = parallel - progress.queued;
  const begin: RunItem[] = [];
  for (const item of waiting) {
    if (free <= 0) break;
    if (item.kind === "prune" || item.image === null || taken.has(item.image)) continue;
    taken.add(item.image);
    begin.push(item);
    free--;
  }
  return begin;
}

/** How a run ended whose items all have. `problem`: what failed as a whole. Pure. */
export function runOutcome(
  items: readonly RunItem[],
  problem: string | null,
): { state: "succeeded" | "failed"; reason: string | null } {
  if (items.length === 0) return { state: "failed", reason: problem ?? "No image matches the policy." };
  const hasFailed = items.some(({ state }) => state === "failed" || state === "canceled");
  return { state: hasFailed || problem !== null ? "failed" : "succeeded", reason: problem };
}

/** How many items are in which state, the pruning left out. */
export const itemCounts = z.object({
  total: z.number(),
  succeeded: z.number(),
  failed: z.number(),
  skipped: z.number(),
});
export type ItemCounts = z.output<typeof itemCounts>;

/** The images that a run works on, and what kept others from being found; null when nothing did. */
export interface RunImages {
  images: string[];
  problem: string | null;
}

/** What the task of an item does. */
export type ItemWork =
  | {
      kind: "backup";
      cluster: string;
      image: string;
      target: string;
      mode: "auto" | "full";
      chainPoints: number | null;
    }
  | { kind: "verify"; target: string; backup: string; depth: "quick" | "deep" }
  | { kind: "drill"; cluster: string; image: string; target: string; backup: string; scratch: string }
  | {
      kind: "prune";
      cluster: string;
      target: string;
      policy: { id: string; name: string };
      retention: RetentionPolicy;
      sources: { image: string; fsid: string; poolId: number; imageId: string }[];
    };

/** What is kept of a task that succeeded. */
export type ItemResult = Pick<RunItem, "state"> &
  Partial<Pick<RunItem, "backupId" | "backupKind" | "why" | "bytes" | "seconds">>;
