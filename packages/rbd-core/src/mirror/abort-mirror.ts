import type { Cluster } from "../cluster/index.ts";
import { CoppiceError, hasCode } from "../errors/index.ts";
import { findImage, removeOwnImage } from "../image/index.ts";
import { type ImageSpec, showImageSpec } from "../names/index.ts";
import { isUnnamedCopy } from "../transfer/index.ts";
import { type RecordedDisk, snapshotPrefix } from "./mirror-record.ts";
import { type MirrorChoice, MirrorRun, openIfThere } from "./mirror-run.ts";
import { advanceMirror } from "./mirror-state.ts";
import { imageOf, removeSnapshots } from "./sync-mirror.ts";

export interface AbortMirrorOptions extends MirrorChoice {
  /**
   * `false`: the machine still uses the sources, although a pivot was interrupted while it was being switched. Needed there, and only
   * there: the mirrors are removed.
   */
  readonly isSwitched?: false | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface MirrorRemoval {
  /** The images that were removed; none that an interrupted call had removed. */
  readonly removed: readonly ImageSpec[];
  /** Snapshots of the sources that could not be removed, such as one that somebody has cloned. Nothing removes them later. */
  readonly kept: readonly { readonly snapshot: string; readonly why: string }[];
}

/**
 * Ends a mirror and removes what it made, and nothing else: the mirror images, the snapshots of its sets on the sources, and its
 * record. Everything is checked before the first removal. When the process dies, the same call, or `reconcile`, goes on.
 *
 * @throws {CoppiceError} `NOT_FOUND` for the mirror; `BUSY` while another process drives it, or a client has a mirror image open;
 * `NOT_EMPTY` when a mirror image has clones, or snapshots that mirroring did not make; `INVALID_ARGUMENT` once the machine uses the
 * mirrors, or may do so, or for another cluster; the signal's reason
 */
export async function abortMirror(cluster: Cluster, options: AbortMirrorOptions): Promise<MirrorRemoval> {
  await using run = await MirrorRun.begin(cluster, options, options.signal);
  await run.settle();
  return await run.work(async () => {
    if (run.isOver) return { removed: [], kept: [] };
    run.checkCluster();
    return await removeEverything(run, options.isSwitched);
  });
}

/** Removes a mirror with what it made. The signal counts until the first removal. */
export async function removeEverything(run: MirrorRun, isSwitched?: false): Promise<MirrorRemoval> {
  const { cluster, targetCluster, operation } = run;
  // Before anything is looked at: once the machine uses the mirrors, they are in use.
  advanceMirror(run.record, { type: "aborted", isSwitched });
  const made: { spec: ImageSpec; id: string }[] = [];
  for (const disk of run.record.disks) {
    const id = await findMade(run, disk);
    if (id === null) continue;
    await refuseUse(run, disk.mirror);
    made.push({ spec: disk.mirror, id });
  }
  await run.advance({ type: "aborted", isSwitched });
  for (const { spec, id } of made.toReversed()) {
    operation.throwIfLost();
    await removeOwnImage(targetCluster, spec, id, operation);
  }
  const kept: { snapshot: string; why: string }[] = [];
  for (const { source } of run.record.disks) {
    operation.throwIfLost();
    kept.push(...(await releaseImage(cluster, source, run.record.id)));
  }
  await run.write(null);
  return { removed: made.map(({ spec }) => spec), kept };
}

/** The id of the image that was made for a disk; null when there is none. */
async function findMade(run: MirrorRun, { mirror, mirrorId }: RecordedDisk): Promise<string | null> {
  const { targetCluster, operation } = run;
  if (mirrorId === null) {
    const found = await findImage(targetCluster, mirror, operation.record.clients);
    // Only this very call can have made one without recording it.
    const isOwn = found.state === "partly-created" || found.state === "created";
    return isOwn && (await isUnfilled(run, mirror)) ? found.id : null;
  }
  await using image = await openIfThere(targetCluster, mirror);
  return image?.id === mirrorId ? mirrorId : null;
}

async function isUnfilled({ targetCluster }: MirrorRun, mirror: ImageSpec): Promise<boolean> {
  await using image = await openIfThere(targetCluster, mirror);
  return image === null || ((await image.size()) === 0 && (await image.listSnapshots()).length === 0);
}

/** @throws {CoppiceError} `BUSY`, `NOT_EMPTY` when somebody uses a mirror image */
async function refuseUse({ targetCluster, record }: MirrorRun, mirror: ImageSpec): Promise<void> {
  await using image = await openIfThere(targetCluster, mirror);
  if (image === null) return;
  const object = showImageSpec(mirror);
  const refuse = (code: "BUSY" | "NOT_EMPTY", message: string, hint: string) =>
    new CoppiceError({ code, call: "abortMirror", object, message, hint });
  if ((await image.listWatchers()).length > 0) {
    throw refuse("BUSY", `${object} is open elsewhere`, "Stop what uses it, and abort again.");
  }
  for (const { name, namespace } of await image.listSnapshots()) {
    const isOwn = name.startsWith(snapshotPrefix(record.id)) || isUnnamedCopy(name);
    if (namespace !== "user" || !isOwn) {
      const message = `${object} has the snapshot ${JSON.stringify(name)}, which mirroring did not make`;
      throw refuse("NOT_EMPTY", message, "Remove that snapshot, or keep the image by renaming it.");
    }
    if ((await image.listChildren(name)).length > 0) {
      throw refuse("NOT_EMPTY", `${object}@${name} has clones`, "Flatten or remove the clones first.");
    }
  }
}

/** Removes all snapshots of a mirror from an image. @returns Those that stay, and why. */
export async function releaseImage(cluster: Cluster, spec: ImageSpec, mirrorId: string) {
  try {
    return await removeSnapshots(cluster, imageOf(spec), mirrorId, () => true);
  } catch (error) {
    // The image is gone, and its snapshots with it.
    if (hasCode(error, "NOT_FOUND")) return [];
    throw error;
  }
}
