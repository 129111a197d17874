import type { Cluster } from "../cluster/index.ts";
import { withinLimit } from "../concurrency/index.ts";
import { moveToTrash } from "../deletion/index.ts";
import { CoppiceError, hasCode } from "../errors/index.ts";
import { openImage } from "../image/index.ts";
import { type ImageSpec, showImageSpec } from "../names/index.ts";
import { headEquals } from "../transfer/index.ts";
import { releaseImage } from "./abort-mirror.ts";
import { type Mirror, type MirroredDisk, snapshotOfSet } from "./mirror-record.ts";
import { type MirrorChoice, MirrorRun, openIfThere } from "./mirror-run.ts";
import { bringFreshSet, imageOf, type MirrorSetOptions, type MirrorSync } from "./sync-mirror.ts";

export interface PivotMirrorOptions
  extends MirrorChoice,
    Pick<MirrorSetOptions, "signal" | "onProgress" | "limits" | "fastDiff"> {
  /**
   * Stops whoever writes to the sources, or after an interrupted switch to the mirrors, until `switch` has moved them or `resume` is
   * called: pausing the machine, for instance. It must flush what it has cached.
   */
  readonly quiesce: (signal: AbortSignal) => Promise<void>;
  /**
   * Lets the writers go on where they were. Called when the pivot fails after `quiesce` was called and before the switch, or when
   * `switch` throws.
   */
  readonly resume: (signal: AbortSignal) => Promise<void>;
  /**
   * Moves the writers to the mirrors and lets them go on there. It may throw only when it has moved none of them. It is called
   * again when its process died, so it must succeed when it has moved them already.
   */
  readonly switch: (disks: readonly MirroredDisk[], signal: AbortSignal) => Promise<void>;
  /** Milliseconds; 30,000 without it. */
  readonly quiesceLimitMs?: number | undefined;
  /** Milliseconds; 30,000 without it. */
  readonly resumeLimitMs?: number | undefined;
  /** Milliseconds; 120,000 without it. */
  readonly switchLimitMs?: number | undefined;
  /**
   * `full` without it: before the writers are stopped, both ends are read as a whole and compared, and of the final increment
   * everything that was moved. `changed` compares only what is moved, as each sync does.
   */
  readonly verify?: "full" | "changed" | undefined;
}

export interface MirrorPivot {
  readonly mirror: Mirror;
  /** What was moved while the writers were stopped; null when an interrupted pivot had done that. */
  readonly final: MirrorSync | null;
  /** For how long the writers were stopped, in milliseconds; null when an interrupted pivot had done everything. */
  readonly stoppedMs: number | null;
}

/**
 * Moves a machine to the mirrors of its disks: brings them up to date while the machine runs, stops its writers, brings the
 * final increment over, compares, and has the caller switch the machine over. The sources stay as they are until
 * {@link confirmPivot}.
 *
 * When it fails before the switch, the writers go on with the sources, and mirroring goes on. When its process dies, the same call
 * goes on. If that was while `switch` ran, it stops the writers and looks at what was written since: when something was written to
 * the sources only, the machine was not switched, and it pivots anew; when nothing was written to the sources, it calls `switch`
 * again.
 *
 * @throws {CoppiceError} as `syncMirror`; `TIMED_OUT` when a hook takes too long: after `switch`, nobody knows which images the machine
 * uses, so the writers are not resumed; `SOURCE_CHANGED` when a source was written to after `quiesce`; `VERIFICATION_FAILED`;
 * `INCOMPLETE` when both ends were written to since an interrupted switch; what a hook throws; the signal's reason
 *
 * @example
 * await pivotMirror(cluster, {
 *   mirror: "fast/vm-1",
 *   quiesce: () => machine.pause(),
 *   resume: () => machine.resume(),
 *   switch: (disks) => machine.useDisksAndResume(disks),
 * });
 * await confirmPivot(cluster, { mirror: "fast/vm-1", sources: "trash" });
 */
export async function pivotMirror(cluster: Cluster, options: PivotMirrorOptions): Promise<MirrorPivot> {
  await using run = await MirrorRun.begin(cluster, options, options.signal);
  const isContinued = run.operation.interrupted !== null;
  await run.settle();
  return await run.work(async () => {
    run.checkCluster();
    const { state } = run.record;
    // An interrupted call had only its operation to end.
    if (state === "pivoted" && isContinued) return { mirror: run.describe(), final: null, stoppedMs: null };
    if (state === "switching") {
      const pivot = await whileStopped(run, options, (stoppedAt) => retrySwitch(run, options, stoppedAt));
      if (pivot !== null) return pivot;
      const failed = await resumeAfter(undefined, options);
      if (failed !== undefined) throw failed;
    }
    // Its data need not be brought over again when the writers stand still.
    await bringFreshSet(run, { ...options, verify: options.verify ?? "full" });
    return await whileStopped(run, options, (stoppedAt) => moveOver(run, options, stoppedAt));
  });
}

/** Brings the final set over, and switches. The writers are stopped. */
async function moveOver(
  run: MirrorRun,
  options: PivotMirrorOptions,
  stoppedAt: number,
): Promise<MirrorPivot> {
  const final = await bringFreshSet(run, { ...options, verify: "changed" });
  const written = await writtenSince(run);
  if (written.sources !== null) throw notQuiesced(written.sources);
  if (written.mirrors !== null) throw notAlone(written.mirrors);
  run.signal.throwIfAborted();
  await run.advance({ type: "switch-begun" });
  return await switchOver(run, options, final, stoppedAt);
}

/**
 * Switches again after a pivot was interrupted while it switched. The writers are stopped, wherever they are.
 *
 * @returns Null when the machine was not switched: something was written to the sources only.
 * @throws {CoppiceError} `INCOMPLETE` when both ends were written to
 */
async function retrySwitch(
  run: MirrorRun,
  options: PivotMirrorOptions,
  stoppedAt: number,
): Promise<MirrorPivot | null> {
  const { sources, mirrors } = await writtenSince(run);
  if (sources === null) return await switchOver(run, options, null, stoppedAt);
  if (mirrors !== null) throw writtenOnBoth(run, sources, mirrors);
  await run.advance({ type: "switch-failed" });
  return null;
}

/**
 * Stops the writers. When the action fails they go on, unless it is not known where: the switch may still take place, or another
 * driver may be switching them.
 */
async function whileStopped<T>(
  run: MirrorRun,
  options: PivotMirrorOptions,
  action: (stoppedAt: number) => Promise<T>,
): Promise<T> {
  const { quiesce, quiesceLimitMs = 30_000 } = options;
  run.signal.throwIfAborted();
  const stoppedAt = performance.now();
  try {
    await withinLimit(quiesce, quiesceLimitMs, () => tooLate("quiesce", quiesceLimitMs), run.signal);
    return await action(stoppedAt);
  } catch (error) {
    throw run.record.state === "switching" ? error : await resumeAfter(error, options);
  }
}

/** Lets the writers go on. @returns The error to throw: the one given, if resuming succeeds */
async function resumeAfter(error: unknown, { resume, resumeLimitMs = 30_000 }: PivotMirrorOptions) {
  try {
    // A call that was aborted resumes, too.
    await withinLimit(resume, resumeLimitMs, () => tooLate("resume", resumeLimitMs), undefined);
    return error;
  } catch (also) {
    if (error === undefined) return also;
    return new AggregateError([error, also], "the failure, and what the hook that resumes threw");
  }
}

/** Calls the hook that switches, and records that it has. Aborting does not interrupt it. */
async function switchOver(
  run: MirrorRun,
  options: PivotMirrorOptions,
  final: MirrorSync | null,
  stoppedAt: number,
): Promise<MirrorPivot> {
  const { switchLimitMs = 120_000 } = options;
  const { disks } = run.describe();
  const late = tooLate("switch", switchLimitMs);
  try {
    await withinLimit(
      (signal) => options.switch(disks, signal),
      switchLimitMs,
      () => late,
      undefined,
    );
  } catch (error) {
    // It may still do so.
    if (error !== late) await run.advance({ type: "switch-failed" });
    throw error;
  }
  const stoppedMs = performance.now() - stoppedAt;
  await run.advance({ type: "switched", at: run.now().toISOString() });
  return { mirror: run.describe(), final, stoppedMs };
}

/** The first image on each end whose head differs from the complete set. */
async function writtenSince(run: MirrorRun) {
  const { cluster, targetCluster, record } = run;
  const written = { sources: null as ImageSpec | null, mirrors: null as ImageSpec | null };
  for (const { source, mirror } of record.disks) {
    if (written.sources === null && (await isWritten(run, cluster, imageOf(source)))) {
      written.sources = imageOf(source);
    }
    if (written.mirrors === null && (await isWritten(run, targetCluster, mirror))) written.mirrors = mirror;
  }
  return written;
}

async function isWritten({ record, signal }: MirrorRun, cluster: Cluster, spec: ImageSpec): Promise<boolean> {
  const { complete } = record;
  if (complete === null) return true;
  const wanted = snapshotOfSet(record, complete.number);
  await using image = await openImage(cluster, spec, { readOnly: true });
  const snapshot = (await image.listSnapshots({ signal })).find(({ name }) => name === wanted);
  return snapshot === undefined || !(await headEquals(cluster, spec, snapshot, signal));
}

function writtenOnBoth(run: MirrorRun, source: ImageSpec, mirror: ImageSpec): CoppiceError {
  const object = showImageSpec(run.place);
  return new CoppiceError({
    code: "INCOMPLETE",
    call: "pivotMirror",
    object,
    message: `both ${showImageSpec(source)} and the mirror ${showImageSpec(mirror)} were written to since a pivot was interrupted while the machine was being switched over; its writers are stopped`,
    hint: "See which images the machine used: if the mirrors, confirm the pivot with `isSwitched: true`; if the sources, abort the mirror with `isSwitched: false`. Then resume it.",
  });
}

export interface ConfirmPivotOptions extends MirrorChoice {
  /** What becomes of the sources: they stay, or are moved to the trash, from where they can be restored. */
  readonly sources: "keep" | "trash";
  /** `true`: the machine uses the mirrors, although the pivot was interrupted while it was being switched over. */
  readonly isSwitched?: true | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ConfirmedPivot {
  /** The sources that were moved to the trash; none that an interrupted call had moved. */
  readonly trashed: readonly ImageSpec[];
  /** Snapshots of the mirror's sets that could not be removed, such as one that somebody has cloned. Nothing removes them later. */
  readonly kept: readonly { readonly snapshot: string; readonly why: string }[];
}

/**
 * Ends a mirror whose machine uses the mirrors by now: removes the snapshots of its sets from both ends, moves the sources to the
 * trash if that is wanted, and removes the mirror's record. The mirrors are ordinary images from then on. When the process dies, the
 * same call, or `reconcile` within one cluster, goes on; what becomes of the sources is what the first call said.
 *
 * @throws {CoppiceError} `NOT_FOUND` for the mirror; `BUSY` while another process drives it, or a client has a source open that is to
 * be moved to the trash; `INVALID_ARGUMENT` before the pivot, or for another cluster; the signal's reason
 */
export async function confirmPivot(cluster: Cluster, options: ConfirmPivotOptions): Promise<ConfirmedPivot> {
  await using run = await MirrorRun.begin(cluster, options, options.signal);
  await run.settle();
  return await run.work(async () => {
    if (run.isOver) return { trashed: [], kept: [] };
    run.checkCluster();
    const { sources, isSwitched } = options;
    if (run.record.state === "pivoted" && sources === "trash") await refuseOpenSources(run);
    if (run.record.state === "switching" && isSwitched === true) {
      await run.advance({ type: "switched", at: run.now().toISOString() });
    }
    run.signal.throwIfAborted();
    await run.advance({ type: "pivot-confirmed", sources });
    return await finishConfirmation(run);
  });
}

async function refuseOpenSources({ cluster, record }: MirrorRun): Promise<void> {
  for (const { source } of record.disks) {
    await using image = await openIfThere(cluster, source);
    if (image === null || (await image.listWatchers()).length === 0) continue;
    const object = showImageSpec(source);
    throw new CoppiceError({
      code: "BUSY",
      call: "confirmPivot",
      object,
      message: `${object} is open elsewhere, so that it cannot be moved to the trash`,
      hint: "See that nothing uses the sources any more, or keep them.",
    });
  }
}

/** Removes what a mirror leaves that was confirmed, and its record. */
export async function finishConfirmation(run: MirrorRun): Promise<ConfirmedPivot> {
  const { cluster, targetCluster, record, operation } = run;
  const kept: { snapshot: string; why: string }[] = [];
  const trashed: ImageSpec[] = [];
  for (const { source, mirror } of record.disks) {
    operation.throwIfLost();
    kept.push(...(await releaseImage(targetCluster, mirror, record.id)));
    const id = await idOf(cluster, source);
    // Another image has the name by now, or it is in the trash already.
    if (id !== source.imageId) continue;
    kept.push(...(await releaseImage(cluster, source, record.id)));
    if (record.sources !== "trash") continue;
    await moveToTrash(cluster, imageOf(source));
    trashed.push(imageOf(source));
  }
  await run.write(null);
  return { trashed, kept };
}

async function idOf(cluster: Cluster, spec: ImageSpec): Promise<string | null> {
  try {
    await using image = await openImage(cluster, imageOf(spec), { readOnly: true });
    return image.id;
  } catch (error) {
    if (hasCode(error, "NOT_FOUND")) return null;
    throw error;
  }
}

function tooLate(what: "quiesce" | "resume" | "switch", limitMs: number): CoppiceError {
  const hint = {
    quiesce: "The hook that resumes was called. See why it takes so long, or allow more time.",
    resume: "See whether the writers are still stopped, and resume them by hand.",
    switch:
      "See which images the machine uses, and pivot again: the hook is called again unless the sources were written to.",
  }[what];
  return new CoppiceError({
    code: "TIMED_OUT",
    call: "pivotMirror",
    message: `the hook ${what} did not end within ${limitMs} ms`,
    hint,
  });
}

function notQuiesced(spec: ImageSpec): CoppiceError {
  const object = showImageSpec(spec);
  return new CoppiceError({
    code: "SOURCE_CHANGED",
    call: "pivotMirror",
    object,
    message: `${object} was written to after its writers were stopped`,
    hint: "The writers go on with the sources. See that `quiesce` stops all of them, and pivot again.",
  });
}

function notAlone(spec: ImageSpec): CoppiceError {
  const object = showImageSpec(spec);
  return new CoppiceError({
    code: "VERIFICATION_FAILED",
    call: "pivotMirror",
    object,
    message: `${object} does not hold what its newest snapshot holds: another client has written to it`,
    hint: "The writers go on with the sources. See that nothing writes to the mirrors, and pivot again.",
  });
}
