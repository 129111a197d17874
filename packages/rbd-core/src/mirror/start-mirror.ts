import { randomUUID } from "node:crypto";
import type { Cluster } from "../cluster/index.ts";
import { completeDisks, type DiskSnapshot, type DomainSnapshot } from "../domain-snapshot/index.ts";
import { CoppiceError, withCoppiceErrors } from "../errors/index.ts";
import { createImage, findImage, openImage, prepareRemoval } from "../image/index.ts";
import {
  type ImageSpec,
  type ImageSpecLike,
  parseImageSpec,
  showImageSpec,
  toImageOnly,
} from "../names/index.ts";
import { identityOf, newImageFeatures, newImageOptions } from "../transfer/index.ts";
import { removeEverything } from "./abort-mirror.ts";
import type { Mirror, MirroredDisk, MirrorRecord } from "./mirror-record.ts";
import { MirrorRun } from "./mirror-run.ts";
import { bringSet, type MirrorSetOptions } from "./sync-mirror.ts";

/** A disk to mirror. */
export interface MirrorDisk {
  /** What the machine calls it; the image's name without it. */
  readonly name?: string | undefined;
  readonly source: ImageSpecLike;
  /** In the target's cluster. An image of the source's name in the target's pool and namespace without it. */
  readonly mirror?: ImageSpecLike | undefined;
}

/** What to mirror: libvirt's description, of which the disks with a mirror are meant, or the images. */
export type MirrorRequest =
  | DomainSnapshot
  | { readonly name?: string | undefined; readonly disks: readonly MirrorDisk[] };

export interface MirrorTarget {
  /** The cluster of the sources without it. */
  readonly cluster?: Cluster | undefined;
  /** Where mirrors go whose place is not stated. */
  readonly pool: string;
  readonly namespace?: string | undefined;
  /** Keeps the data of the mirrors in another pool. */
  readonly dataPool?: string | undefined;
}

export interface MirrorPlanOptions extends Pick<MirrorTarget, "pool" | "namespace"> {
  /** Whether the mirrors are in the cluster of the sources. True without it. */
  readonly isSameCluster?: boolean | undefined;
}

export interface StartMirrorOptions extends MirrorSetOptions {
  readonly target: MirrorTarget;
  /** Default: the clock. */
  readonly now?: (() => Date) | undefined;
}

/** What `startMirror` is going to mirror. */
export interface MirrorPlan {
  /** What the mirror will be called by: the mirror image of the first disk. */
  readonly mirror: ImageSpec;
  readonly label: string | null;
  readonly disks: readonly MirroredDisk[];
}

/**
 * Decides which image is mirrored to which. Pure.
 *
 * @throws {CoppiceError} `INVALID_ARGUMENT` when there is no disk with a mirror, or two disks share an image; `UNSUPPORTED` for a
 * disk that is a file; `INVALID_NAME`
 * @throws {DomainSnapshotError} when a source cannot be generated
 */
export function planMirror(request: MirrorRequest, target: MirrorPlanOptions): MirrorPlan {
  const { pool, namespace = "", isSameCluster = true } = target;
  const disks = isDescription(request) ? describedDisks(request) : request.disks.map(namedDisk);
  const planned = disks.map(({ name, source, mirror }): MirroredDisk => {
    return { name, source, mirror: mirror ?? { pool, namespace, image: source.image } };
  });
  const [first] = planned;
  if (first === undefined) {
    throw invalid("", "no disk has a mirror", "Give at least one disk of the snapshot a mirror.");
  }
  const seen = new Set<string>();
  for (const { source, mirror } of planned) {
    for (const [end, spec] of [
      ["source", source],
      ["mirror", mirror],
    ] as const) {
      const object = showImageSpec(spec);
      const key = isSameCluster ? object : `${end} ${object}`;
      if (seen.has(key)) {
        throw invalid(object, `${object} is named twice`, "Give each disk an image of its own to mirror to.");
      }
      seen.add(key);
    }
  }
  return { mirror: first.mirror, label: request.name ?? null, disks: planned };
}

/** A description states where its disks are as locations, and a request by their images. */
function isDescription(request: MirrorRequest): request is DomainSnapshot {
  return request.disks.some(({ source, mirror }) =>
    [source, mirror].some((end) => typeof end === "object" && "type" in end),
  );
}

interface FoundDisk {
  readonly name: string;
  readonly source: ImageSpec;
  readonly mirror: ImageSpec | undefined;
}

function namedDisk({ name, source, mirror }: MirrorDisk): FoundDisk {
  const from = toImageOnly(source);
  return {
    name: name ?? from.image,
    source: from,
    mirror: mirror === undefined ? undefined : toImageOnly(mirror),
  };
}

function describedDisks(description: DomainSnapshot): FoundDisk[] {
  const mirrored = description.disks.filter(({ mirror }) => mirror !== undefined);
  const { disks } = completeDisks({ ...description, disks: mirrored });
  return disks.map(({ name, source, mirror }) => ({
    name,
    source: imageAt(name, "source", source),
    mirror: imageAt(name, "mirror", mirror),
  }));
}

function imageAt(disk: string, what: string, location: DiskSnapshot["source"]): ImageSpec {
  if (location?.type === "rbd") return toImageOnly(parseImageSpec(location.image));
  throw new CoppiceError({
    code: "UNSUPPORTED",
    call: "planMirror",
    object: disk,
    message: `the ${what} of the disk ${JSON.stringify(disk)} is a file`,
    hint: "Only RBD images can be mirrored: write protocol='rbd' and name='pool/image'.",
  });
}

function invalid(object: string, message: string, hint: string): CoppiceError {
  return new CoppiceError({ code: "INVALID_ARGUMENT", call: "planMirror", object, message, hint });
}

/**
 * Starts to mirror the disks of a machine: takes one snapshot of all of them that shows one instant, makes an image for each
 * in the target's pool, and copies the snapshot to it. The disks stay in use. From then on `syncMirror` or `followMirror` keep the
 * mirrors in step, and `pivotMirror` moves the machine to them; at every moment one place holds a complete consistent copy.
 *
 * When it fails before the first set is complete, everything that it made is removed. When its process dies, the same call goes
 * on, and `abortMirror` removes what was made.
 *
 * @param request Of a description, the disks with a mirror are meant. Where it names monitors or a user, they are not
 * used: `cluster` and `target.cluster` are.
 * @throws {CoppiceError} `NOT_FOUND` for a source; `EXISTS` for an image of a mirror's name, or for the mirror; what `planMirror`,
 * `createConsistentSnapshots` and `copyDiff` throw; `BUSY`; `INCOMPLETE` when a mirror of other disks was begun there; `UNDO_FAILED`;
 * `LEASE_LOST`; the signal's reason
 *
 * @example
 * const snapshot = parseDomainSnapshot(xml, { allowMirror: true });
 * const mirror = await startMirror(cluster, snapshot, {
 *   target: { cluster: offsite, pool: "vms" },
 *   freeze: () => guest.freeze(),
 *   thaw: () => guest.thaw(),
 * });
 */
export async function startMirror(
  cluster: Cluster,
  request: MirrorRequest,
  options: StartMirrorOptions,
): Promise<Mirror> {
  const { target, now, signal } = options;
  const isSameCluster = (target.cluster ?? cluster).fsid === cluster.fsid;
  const plan = planMirror(request, { ...target, isSameCluster });
  await using run = await MirrorRun.begin(cluster, { mirror: plan.mirror, target, now }, signal);
  const isContinued = run.operation.interrupted !== null;
  await run.settle();
  return await run.work(async () => {
    if (run.exists && run.record.state === "aborting") await removeEverything(run);
    if (!run.exists) await run.write(await newRecord(run, plan));
    else checkContinued(run, plan, isContinued);
    // An interrupted call had only its operation to end.
    if (run.record.state !== "starting") return run.describe();
    try {
      await makeImages(run, target.dataPool);
      await bringSet(run, options);
    } catch (error) {
      run.operation.throwIfLost();
      if (run.record.state === "starting") await undo(run, error);
      throw error;
    }
    return run.describe();
  });
}

/** @throws {CoppiceError} `EXISTS` when it is there, `INCOMPLETE` when another one was begun */
function checkContinued(run: MirrorRun, plan: MirrorPlan, isContinued: boolean): void {
  const { record, cluster } = run;
  const object = showImageSpec(plan.mirror);
  const text = (disks: readonly { source: ImageSpec; mirror: ImageSpec }[]) =>
    disks.map(({ source, mirror }) => `${showImageSpec(source)} ${showImageSpec(mirror)}`).join("\n");
  const isSame = record.fsid === cluster.fsid && text(record.disks) === text(plan.disks);
  if (isSame && (record.state === "starting" || (isContinued && record.state === "mirroring"))) return;
  const isBegun = record.state === "starting";
  throw new CoppiceError({
    code: isBegun ? "INCOMPLETE" : "EXISTS",
    call: "startMirror",
    object,
    message: isBegun
      ? `a mirror of other disks to ${object} was begun and interrupted`
      : `there is a mirror ${object}, which is ${record.state}`,
    hint: isBegun ? "Abort it, or choose another place." : "Use it, or choose another place.",
  });
}

/** @throws {CoppiceError} `NOT_FOUND` for a source, `EXISTS` for an image of a mirror's name */
async function newRecord(run: MirrorRun, plan: MirrorPlan): Promise<MirrorRecord> {
  const { cluster, targetCluster, signal } = run;
  const disks: MirrorRecord["disks"] = [];
  for (const { name, source, mirror } of plan.disks) {
    signal.throwIfAborted();
    await using image = await openImage(cluster, source, { readOnly: true });
    const { poolId, imageId } = await identityOf(cluster, source, image);
    if ((await findImage(targetCluster, mirror, [])).state !== "absent") throw nameTaken(mirror);
    disks.push({ name, source: { ...source, poolId, imageId }, mirror, mirrorId: null });
  }
  return {
    version: 1,
    id: randomUUID(),
    label: plan.label,
    state: "starting",
    createdAt: run.now().toISOString(),
    fsid: cluster.fsid,
    disks,
    lastSet: 0,
    complete: null,
    next: null,
    retired: [],
    switchedAt: null,
    sources: null,
  };
}

function nameTaken(spec: ImageSpec): CoppiceError {
  const object = showImageSpec(spec);
  return new CoppiceError({
    code: "EXISTS",
    call: "startMirror",
    object,
    message: `${object} exists already`,
    hint: "Choose another place for the mirror, or remove that image first.",
  });
}

/** Makes the images that are missing, without any bytes, and records each. */
async function makeImages(run: MirrorRun, dataPool: string | undefined): Promise<void> {
  const { cluster, targetCluster } = run;
  for (const [index, { source, mirror, mirrorId }] of run.record.disks.entries()) {
    if (mirrorId !== null) continue;
    run.signal.throwIfAborted();
    const layout = await layoutOf(cluster, source);
    // An image of that name is another client's: what an interrupted driver made is recorded by now.
    await prepareRemoval(targetCluster, mirror);
    await createImage(targetCluster, mirror, { ...layout, dataPool, size: 0 });
    await using image = await openImage(targetCluster, mirror, { readOnly: true });
    await run.advance({ type: "image-made", disk: index, id: image.id });
  }
}

/** A mirror is laid out as its source is, since the machine is going to use it. */
async function layoutOf(cluster: Cluster, source: ImageSpec) {
  await using image = await openImage(cluster, source, { readOnly: true });
  return await withCoppiceErrors({ object: showImageSpec(source) }, async () => {
    const [{ objectSize }, stripe] = [await image.stat(), await image.stripe()];
    const isStriped = stripe.count > 1 || stripe.unit !== objectSize;
    return newImageOptions(objectSize, {
      features: (await image.features()) & newImageFeatures,
      ...(isStriped ? { stripeUnit: stripe.unit, stripeCount: stripe.count } : {}),
    });
  });
}

/** Removes what was made. @throws `cause`; `UNDO_FAILED` */
async function undo(run: MirrorRun, cause: unknown): Promise<never> {
  try {
    await removeEverything(run);
  } catch (error) {
    const object = showImageSpec(run.place);
    const textOf = (what: unknown) =>
      (what instanceof Error ? what.message : String(what)).replace(/\.$/, "");
    throw new CoppiceError({
      code: "UNDO_FAILED",
      call: "startMirror",
      object,
      message: `${textOf(cause)}. Removing what was made failed too: ${textOf(error)}`,
      hint: "Abort the mirror, once the cluster answers again.",
      left: run.exists ? run.record.disks.map(({ mirror }) => showImageSpec(mirror)) : [],
      cause: new AggregateError([cause, error], "the failure, and what failed while undoing it"),
    });
  }
  throw cause;
}
