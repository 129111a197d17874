import { type IoCtx, writeSteps } from "rbd-native";
import { z } from "zod";
import type { Cluster } from "../cluster/index.ts";
import { forEachLimit } from "../concurrency/index.ts";
import { CoppiceError, withCoppiceErrors } from "../errors/index.ts";
import { ignoreNotFound, readOmapValue } from "../headers/index.ts";
import {
  compareText,
  type ImageSpec,
  type ImageSpecLike,
  showImageSpec,
  toImageOnly,
} from "../names/index.ts";
import { listPlaces, readOperation, toInfo } from "../operation/index.ts";

// The records of mirrors; docs/formats.md is normative for the object and its entries.

/** The object of a pool and namespace in whose omap the records stand. */
const mirrorsObject = "coppice.mirrors";

/** What keeps two drivers of one mirror apart, as the purpose of an operation on its first image. */
export const mirrorPurpose = "mirror";

export const mirrorStates = [
  "starting",
  "mirroring",
  "switching",
  "pivoted",
  "confirming",
  "aborting",
] as const;

/**
 * - `starting`: no set is complete yet.
 * - `mirroring`: one set is complete, and stays so until the next one is.
 * - `switching`: the final set is complete, and the hook that switches the machine over was called. It may have done so.
 * - `pivoted`: the machine uses the mirrors. The sources are kept.
 * - `confirming`: what mirroring left is being removed.
 * - `aborting`: everything that was made is being removed.
 */
export type MirrorState = (typeof mirrorStates)[number];

const placeSchema = z.strictObject({ pool: z.string(), namespace: z.string(), image: z.string() });

const diskSchema = z.strictObject({
  name: z.string(),
  source: placeSchema.extend({ poolId: z.int(), imageId: z.string() }),
  mirror: placeSchema,
  /** Null until the image was made. */
  mirrorId: z.string().nullable(),
});

const number = z.int().min(1);

const recordSchema = z.strictObject({
  version: z.literal(1),
  /** The snapshots of all its sets are named after it. */
  id: z.uuid(),
  label: z.string().nullable(),
  state: z.enum(mirrorStates),
  createdAt: z.iso.datetime(),
  /** The cluster of the sources. */
  fsid: z.string(),
  disks: z.array(diskSchema).min(1),
  /** The number of the last set that was planned; 0 before the first. */
  lastSet: z.int().min(0),
  /** The newest set that all mirrors hold. */
  complete: z.strictObject({ number, takenAt: z.iso.datetime() }).nullable(),
  /** The set that is being made. Without a time: its snapshots may not have been taken, or not all of them. */
  next: z.strictObject({ number, takenAt: z.iso.datetime().nullable() }).nullable(),
  /** Sets that nothing needs any more, and of which a snapshot may be left. */
  retired: z.array(number),
  switchedAt: z.iso.datetime().nullable(),
  /** What becomes of the sources when the pivot is confirmed; null before. */
  sources: z.enum(["keep", "trash"]).nullable(),
});

export type MirrorRecord = z.infer<typeof recordSchema>;
export type RecordedDisk = z.infer<typeof diskSchema>;

/** The snapshot of a set, on the sources and on the mirrors. */
export function snapshotOfSet({ id }: Pick<MirrorRecord, "id">, set: number): string {
  return `${snapshotPrefix(id)}${set}`;
}

/** How the names of all snapshots of a mirror begin. */
export const snapshotPrefix = (id: string) => `coppice-mirror.${id}.`;

/** What a mirror is called by: the mirror image of its first disk, beside which its record stands. */
export function placeOf({ disks }: Pick<MirrorRecord, "disks">): ImageSpec {
  const [first] = disks;
  if (first === undefined) throw new TypeError("a mirror has a disk");
  return first.mirror;
}

/** A record as it stands in the cluster. */
export interface StoredMirror {
  readonly record: MirrorRecord;
  readonly bytes: Buffer;
}

/** The record of the mirror whose first image has that name; null when there is none. @throws {RbdError} `UNSUPPORTED` */
export async function readMirror(
  ioCtx: IoCtx,
  image: string,
  signal?: AbortSignal,
): Promise<StoredMirror | null> {
  const bytes = await readOmapValue(ioCtx, mirrorsObject, image, signal);
  return bytes === null ? null : { record: decode(image, bytes), bytes };
}

function decode(image: string, bytes: Uint8Array): MirrorRecord {
  try {
    return recordSchema.parse(JSON.parse(Buffer.from(bytes).toString("utf8")));
  } catch (cause) {
    throw new CoppiceError({
      code: "UNSUPPORTED",
      call: "readMirror",
      object: image,
      message: `the record of the mirror ${JSON.stringify(image)} in ${mirrorsObject} cannot be read`,
      hint: "A newer version of Coppice may have written it: use that version.",
      cause,
    });
  }
}

/**
 * Writes a record in place of the one that was read.
 *
 * @param previous What stands there; null when there is none.
 * @param record Null removes the record.
 * @throws {RbdError} `CANCELED` when something else stands there by now
 */
export async function writeMirror(
  ioCtx: IoCtx,
  image: string,
  previous: Buffer | null,
  record: MirrorRecord | null,
): Promise<Buffer | null> {
  const bytes = record && Buffer.from(JSON.stringify(recordSchema.parse(record)));
  await ioCtx.objects.write(mirrorsObject, [
    writeSteps.create(),
    // An entry that is not there compares as an empty one.
    writeSteps.compareOmap(image, "equal", previous ?? ""),
    bytes === null ? writeSteps.removeOmapKeys([image]) : writeSteps.setOmap(new Map([[image, bytes]])),
  ]);
  return bytes;
}

/** A copy of a machine's disks that is kept in step with them. */
export interface Mirror {
  readonly id: string;
  /** What it is called by: the mirror image of its first disk. */
  readonly mirror: ImageSpec;
  /** The name of the domain's snapshot that asked for it; null when there was none. */
  readonly label: string | null;
  readonly state: MirrorState;
  readonly createdAt: Date;
  /** The cluster of the sources. */
  readonly sourceFsid: string;
  readonly disks: readonly MirroredDisk[];
  /** The newest set of snapshots of one instant that all mirrors hold; null before the first is complete. */
  readonly complete: MirrorSet | null;
  /** The set that is being made, or was when its process died or failed; null when there is none. */
  readonly next: { readonly number: number; readonly takenAt: Date | null } | null;
  /** How old the newest complete set is, in seconds; null before there is one, and from the switch on. */
  readonly lagSeconds: number | null;
  readonly switchedAt: Date | null;
  /** Who works on it now; null when nobody does. */
  readonly driver: { readonly host: string; readonly pid: number } | null;
}

export interface MirroredDisk {
  readonly name: string;
  readonly source: ImageSpec;
  readonly mirror: ImageSpec;
}

export interface MirrorSet {
  readonly number: number;
  /** The name of its snapshots, on the sources and on the mirrors. */
  readonly snapshot: string;
  readonly takenAt: Date;
}

export interface ListMirrorsOptions {
  /** Default: all pools. */
  readonly pools?: readonly string[] | undefined;
  /** Default: the clock. */
  readonly now?: (() => Date) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface MirrorListing {
  readonly mirrors: readonly Mirror[];
  /** Records that cannot be read. */
  readonly problems: readonly { readonly mirror: ImageSpec; readonly error: CoppiceError }[];
}

/** How many namespaces are read at a time. */
const namespacesAtOnce = 16;

/**
 * Lists the mirrors that are kept in a cluster, by their records there. The clusters of their sources are not asked.
 *
 * @throws {CoppiceError} `NOT_FOUND` for a pool that is named and does not exist; the signal's reason
 */
export async function listMirrors(
  cluster: Cluster,
  options: ListMirrorsOptions = {},
): Promise<MirrorListing> {
  const { pools, now = () => new Date(), signal } = options;
  signal?.throwIfAborted();
  const mirrors: Mirror[] = [];
  const problems: { mirror: ImageSpec; error: CoppiceError }[] = [];
  const read = async (place: { pool: string; namespace: string }) => {
    const ioCtx = await cluster.pool(place.pool, place.namespace);
    const entries = await withCoppiceErrors({ object: place.pool }, () =>
      ignoreNotFound(() => ioCtx.objects.readAllOmap(mirrorsObject, {}, { signal })),
    );
    for (const [image, bytes] of entries ?? []) {
      try {
        const record = decode(image, bytes);
        mirrors.push(toMirror(record, await driverOf(ioCtx, image, signal), now()));
      } catch (error) {
        if (!(error instanceof CoppiceError)) throw error;
        problems.push({ mirror: { ...place, image }, error });
      }
    }
  };
  await forEachLimit(await listPlaces(cluster, pools), namespacesAtOnce, read, signal);
  return {
    mirrors: mirrors.sort((a, b) => compareText(showImageSpec(a.mirror), showImageSpec(b.mirror))),
    problems,
  };
}

/**
 * One mirror, as {@link listMirrors} shows it.
 *
 * @param options `mirror`: what it is called by, the mirror image of its first disk.
 * @throws {CoppiceError} `NOT_FOUND`; `UNSUPPORTED` for the record of a newer version; the signal's reason
 */
export async function mirrorStatus(
  cluster: Cluster,
  options: { readonly mirror: ImageSpecLike } & Omit<ListMirrorsOptions, "pools">,
): Promise<Mirror> {
  const { now = () => new Date(), signal } = options;
  signal?.throwIfAborted();
  const place = toImageOnly(options.mirror);
  const ioCtx = await cluster.pool(place.pool, place.namespace);
  return await withCoppiceErrors({ object: showImageSpec(place) }, async () => {
    const stored = await readMirror(ioCtx, place.image, signal);
    if (stored === null) throw noMirror(place, "mirrorStatus");
    return toMirror(stored.record, await driverOf(ioCtx, place.image, signal), now());
  });
}

async function driverOf(ioCtx: IoCtx, image: string, signal?: AbortSignal): Promise<Mirror["driver"]> {
  const operation = await readOperation(ioCtx, image, mirrorPurpose, signal);
  if (operation === null) return null;
  const { pool, namespace } = { pool: ioCtx.poolName, namespace: ioCtx.namespace };
  const { state, holder } = toInfo({ pool, namespace }, operation);
  return state === "running" ? holder : null;
}

/** What a caller is told of a mirror. Pure. */
export function toMirror(record: MirrorRecord, driver: Mirror["driver"], now: Date): Mirror {
  const { complete, next, state } = record;
  const takenAt = complete && new Date(complete.takenAt);
  const isBehind = state === "starting" || state === "mirroring";
  return {
    id: record.id,
    mirror: placeOf(record),
    label: record.label,
    state,
    createdAt: new Date(record.createdAt),
    sourceFsid: record.fsid,
    disks: record.disks.map(({ name, source: { poolId: _, imageId: __, ...source }, mirror }) => {
      return { name, source, mirror };
    }),
    complete: complete &&
      takenAt && { number: complete.number, snapshot: snapshotOfSet(record, complete.number), takenAt },
    next: next && { number: next.number, takenAt: next.takenAt === null ? null : new Date(next.takenAt) },
    lagSeconds: takenAt === null || !isBehind ? null : Math.max(0, now.getTime() - takenAt.getTime()) / 1000,
    switchedAt: record.switchedAt === null ? null : new Date(record.switchedAt),
    driver,
  };
}

export function noMirror(place: ImageSpec, call: string): CoppiceError {
  const object = showImageSpec(place);
  return new CoppiceError({
    code: "NOT_FOUND",
    call,
    object,
    message: `there is no mirror ${object}`,
    hint: "A mirror is called by the mirror image of its first disk: see `listMirrors`.",
  });
}
