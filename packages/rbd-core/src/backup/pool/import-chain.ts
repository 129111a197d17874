import { z } from "zod";
import type { Cluster } from "../../cluster/index.ts";
import { CoppiceError, withCoppiceErrors } from "../../errors/index.ts";
import { ignoreNotFound } from "../../headers/index.ts";
import { openImage } from "../../image/index.ts";
import { type ImageSpec, type ImageSpecLike, showImageSpec, toImageOnly } from "../../names/index.ts";
import { beginOperation, type Operation, type Recover, recoverLeftovers } from "../../operation/index.ts";
import {
  completeManifest,
  type DigestManifest,
  digestDiff,
  identityOf,
  isSameImage,
  mergeManifests,
  type TransferLimits,
  type TransferOptions,
  verifyDigests,
} from "../../transfer/index.ts";
import type { BackupRecord, BackupSource } from "../backup-record.ts";
import { type ForeignChain, type ForeignPoint, foreignChain } from "../cinder/cinder-chains.ts";
import { formatCinderMetadataObject } from "../cinder/cinder-format.ts";
import { snapshotOf } from "./pool-chain.ts";
import {
  addRecord,
  newGeneration,
  readDigests,
  readRecord,
  readRecords,
  removeDigests,
  writeDigests,
} from "./pool-records.ts";

export interface ImportChainOptions extends TransferOptions {
  /** The backup pool, and the namespace in it; the default one without it. */
  readonly pool: string;
  readonly namespace?: string | undefined;
  /** The name of the chain's image. */
  readonly chain: string;
  /** The image that was backed up, if it is still there. Without it the chain cannot be extended. */
  readonly source?: { readonly cluster?: Cluster | undefined; readonly image: ImageSpecLike } | undefined;
  readonly limits?: TransferLimits | undefined;
}

export interface ImportChainResult {
  /** The backups that were imported, oldest first. */
  readonly imported: readonly BackupRecord[];
  /** Why the next backup cannot be an increment; one sentence without a full stop. `null` when it can. */
  readonly notExtensible: string | null;
  /** The points that stay as they are, because newer ones of the chain have records already. */
  readonly left: readonly ForeignPoint[];
}

/** What a record says of a source that was not given: ids that no image and no snapshot has. */
const unknownSource = {
  fsid: "00000000-0000-0000-0000-000000000000",
  poolId: 0,
  imageId: "unknown",
  poolName: "unknown",
  namespace: "",
} as const;
const unknownSnapshot = "0";

const kind = "backup-import";
const detailsSchema = z.strictObject({
  version: z.literal(1),
  /** The point that is being imported, and the generation of its digests; null between two points. */
  importing: z.strictObject({ id: z.string(), generation: z.string() }).nullable(),
});
type Details = z.infer<typeof detailsSchema>;
const detailsOf = (importing: Details["importing"]): Details => ({ version: 1, importing });

/**
 * Makes the backups of a chain that OpenStack Cinder made (`cinder-backup` with its Ceph driver) known, so that they can be
 * verified, pruned, and extended by `backupImage`. Reads everything that is in the chain, for its digests. Neither the
 * chain's image nor the source is changed, and Cinder can use the backups as before.
 *
 * With the source, its snapshot of the newest backup is read too and compared: only if it holds the same, the next backup is
 * an increment.
 *
 * When it fails, is aborted, or its process dies, the points that were imported stay so; the same call imports the others.
 *
 * @param cluster The backup pool's.
 * @throws {CoppiceError} `NOT_FOUND`; `INVALID_ARGUMENT` for an image that is not one of backups; `UNSUPPORTED` for a backup
 * without a restore point, or for a point that has two snapshots; `BUSY` while another process works on the chain; the
 * signal's reason
 */
export async function importCinderChain(
  cluster: Cluster,
  options: ImportChainOptions,
): Promise<ImportChainResult> {
  options.signal?.throwIfAborted();
  const place: ImageSpec = {
    pool: options.pool,
    namespace: options.namespace ?? "",
    image: options.chain,
  };
  const object = showImageSpec(place);
  return await withCoppiceErrors({ object, what: `${object} could not be imported` }, async () => {
    await readForeign(cluster, place, new Set());
    const { signal } = options;
    const details = detailsOf(null);
    await using operation = await beginOperation(cluster, {
      image: place,
      purpose: "chain",
      kind,
      details,
      signal,
    });
    if (operation.interrupted !== null) {
      await recoverLeftovers(cluster, operation);
      await operation.update(details, kind);
    }
    try {
      return await importPoints(cluster, place, operation, options);
    } finally {
      if (!operation.isLost) {
        await undoImport(cluster, operation);
        await operation.end();
      }
    }
  });
}

async function importPoints(
  cluster: Cluster,
  place: ImageSpec,
  operation: Operation,
  options: ImportChainOptions,
): Promise<ImportChainResult> {
  const { signal } = operation;
  const ioCtx = await cluster.pool(place.pool, place.namespace);
  const { points: recorded, problems } = await readRecords(ioCtx, { chain: place.image }, signal);
  const [problem] = problems;
  if (problem !== undefined) throw problem.error;
  const known = recorded.toSorted((a, b) => (snapshotOf(a).id < snapshotOf(b).id ? -1 : 1));
  const foreign = await readForeign(cluster, place, new Set(known.map(({ id }) => id)));
  refuseUnreadable(place, foreign);
  const last = known.at(-1);
  const isNewer = (point: ForeignPoint) => last === undefined || snapshotOf(point).id > snapshotOf(last).id;
  const [wanted, left] = [foreign.points.filter(isNewer), foreign.points.filter((point) => !isNewer(point))];
  const newest = wanted.at(-1);
  if (newest === undefined) {
    return { imported: [], notExtensible: "there was nothing to import", left };
  }
  const source = await examineSource(foreign, options, cluster, last);
  // One block size for the whole chain, so that digests of its points can be merged: that of the source.
  const blockSize = last?.objectSize ?? source.objectSize;
  const imported: BackupRecord[] = [];
  let parent = last ?? null;
  let everything = await digestsOfAll(ioCtx, known, signal);
  let notExtensible: string | null = null;
  for (const point of wanted) {
    const { name } = snapshotOf(point);
    const from = parent === null ? undefined : snapshotOf(parent).name;
    const { limits, onProgress } = options;
    const changed = await digestDiff(cluster, {
      image: place,
      from,
      to: name,
      blockSize,
      limits,
      onProgress,
      signal,
    });
    const read = { image: place, snapshot: name, limits, signal };
    const manifest =
      everything === null
        ? changed
        : await completeManifest(cluster, { ...read, previous: everything, changed });
    everything = everything === null ? manifest : mergeManifests([everything, manifest]);
    let snapshot = source.snapshots.get(name);
    if (point === newest) {
      notExtensible = await whyNotExtensible(source, name, everything, options, signal);
      if (notExtensible !== null) snapshot = undefined;
    }
    const generation = newGeneration();
    await operation.update(detailsOf({ id: point.id, generation }));
    const digests = await writeDigests(ioCtx, point.id, generation, manifest);
    const record = { ...(await describe(cluster, place, point, source.identity, snapshot)), digests };
    const whole: BackupRecord = { ...record, parent: parent?.id ?? null, objectSize: manifest.blockSize };
    operation.throwIfLost();
    signal.throwIfAborted();
    await addRecord(ioCtx, whole);
    await operation.update(detailsOf(null));
    imported.push(whole);
    parent = whole;
  }
  return { imported, notExtensible, left };
}

async function readForeign(
  cluster: Cluster,
  place: ImageSpec,
  known: ReadonlySet<string>,
): Promise<ForeignChain> {
  await using image = await openImage(cluster, place, { readOnly: true });
  const { size } = await image.stat();
  const snapshots = (await image.listSnapshots()).filter(({ namespace }) => namespace === "user");
  const chain = foreignChain({ id: image.id, name: place.image, size, snapshots }, { known });
  if (chain !== null) return chain;
  // Everything is known: nothing to import, and nothing wrong.
  const all = foreignChain({ id: image.id, name: place.image, size, snapshots }, { known: new Set() });
  if (all !== null) return { ...all, points: [], problems: [] };
  throw new CoppiceError({
    code: "INVALID_ARGUMENT",
    call: "importCinderChain",
    object: showImageSpec(place),
    message: `${showImageSpec(place)} does not have the name of an image of Cinder's backups`,
    hint: "Their names are volume-<volume id>.backup.<backup id> and volume-<volume id>.backup.base.",
  });
}

function refuseUnreadable(place: ImageSpec, { head, problems }: ForeignChain): void {
  const object = showImageSpec(place);
  const refuse = (message: string, hint: string) =>
    new CoppiceError({ code: "UNSUPPORTED", call: "importCinderChain", object, message, hint });
  if (head !== null) {
    throw refuse(
      `${object} is a backup without a restore point: what it holds is its current state`,
      `Give it one with \`rbd snap create ${object}@backup.<backup id>.snap.<Unix time>\`, with the id that Cinder shows, and import it then.`,
    );
  }
  for (const problem of problems) {
    if (problem.code === "SAME_BACKUP_TWICE") {
      throw refuse(
        `the backup ${problem.backupId} has more than one snapshot in ${object}: ${problem.snapshots.join(", ")}`,
        "Find out which one is right, and remove the other.",
      );
    }
  }
}

/** The digests of everything at the newest of some points that follow each other; null without points. */
async function digestsOfAll(
  ioCtx: Awaited<ReturnType<Cluster["pool"]>>,
  points: readonly BackupRecord[],
  signal: AbortSignal,
): Promise<DigestManifest | null> {
  const manifests: DigestManifest[] = [];
  for (const point of points) {
    if (point.parent === null) manifests.length = 0;
    manifests.push(await readDigests(ioCtx, point, signal));
  }
  return manifests.length === 0 ? null : mergeManifests(manifests);
}

interface ExaminedSource {
  readonly cluster: Cluster;
  readonly place: ImageSpec | null;
  readonly identity: Omit<BackupSource, "snapshot">;
  readonly objectSize: number | undefined;
  /** The ids of its snapshots, by name. */
  readonly snapshots: ReadonlyMap<string, bigint>;
}

/** @param last The newest point with a record: all points of a chain have the same source. */
async function examineSource(
  { imageName }: ForeignChain,
  { source }: ImportChainOptions,
  cluster: Cluster,
  last: BackupRecord | undefined,
): Promise<ExaminedSource> {
  const { snapshot: _, ...recorded } = last?.source ?? { ...unknownSource, imageName, snapshot: null };
  const isUnknown = last?.source.fsid === unknownSource.fsid;
  if (source === undefined || isUnknown) {
    return { cluster, place: null, identity: recorded, objectSize: undefined, snapshots: new Map() };
  }
  const place = toImageOnly(source.image);
  const from = source.cluster ?? cluster;
  await using image = await openImage(from, place, { readOnly: true });
  const { objectSize } = await image.stat();
  const users = (await image.listSnapshots()).filter(({ namespace }) => namespace === "user");
  const snapshots = new Map(users.map(({ name, id }) => [name, id]));
  const identity = await identityOf(from, place, image);
  if (last !== undefined && !isSameImage(identity, recorded)) throw notTheSource(last, place);
  return { cluster: from, place, identity, objectSize, snapshots };
}

function notTheSource({ chain, source }: BackupRecord, place: ImageSpec): CoppiceError {
  const { poolName, imageName, imageId } = source;
  return new CoppiceError({
    code: "INVALID_ARGUMENT",
    call: "importCinderChain",
    object: chain,
    message: `the chain ${chain} belongs to ${poolName}/${imageName} (image ${imageId}), and not to ${showImageSpec(place)}`,
    hint: "Give that image as the source, or none.",
  });
}

/** Compares the source's snapshot with the newest point: a snapshot of its name alone proves nothing. */
async function whyNotExtensible(
  { cluster, place, snapshots }: ExaminedSource,
  name: string,
  manifest: DigestManifest,
  { limits }: ImportChainOptions,
  signal: AbortSignal,
): Promise<string | null> {
  if (place === null) return "its source is not known";
  const object = showImageSpec({ ...place, snapshot: name });
  if (!snapshots.has(name)) return `there is no ${object}`;
  await using image = await openImage(cluster, { ...place, snapshot: name });
  if ((await image.size()) !== manifest.size) return `${object} has another size than the backup`;
  const { wrong } = await verifyDigests(cluster, { image: place, snapshot: name, manifest, limits, signal });
  const [first] = wrong;
  if (first === undefined) return null;
  return `${object} differs from the backup, first at ${first.block * manifest.blockSize} bytes`;
}

/** Everything of the record but its digests and what it builds on. */
async function describe(
  cluster: Cluster,
  place: ImageSpec,
  point: ForeignPoint,
  identity: ExaminedSource["identity"],
  snapshot: bigint | undefined,
): Promise<Omit<BackupRecord, "digests" | "parent" | "objectSize">> {
  const ioCtx = await cluster.pool(place.pool, place.namespace);
  const { name, id } = snapshotOf(point);
  await using image = await openImage(cluster, place, { readOnly: true });
  const made = (await image.listSnapshots()).find((each) => each.id === id);
  if (made === undefined) throw gone(place, name);
  const { timestamp } = made;
  const object = formatCinderMetadataObject(point.id);
  const size = (await ignoreNotFound(() => ioCtx.objects.stat(object)))?.size ?? null;
  const metadata = size === null ? null : await ioCtx.objects.readData(object, 0, size);
  return {
    version: 1,
    id: point.id,
    chain: point.chain,
    kind: point.kind,
    reason: "imported",
    why: "OpenStack Cinder made it",
    source: { ...identity, snapshot: { name, id: String(snapshot ?? unknownSnapshot) } },
    stored: point.stored,
    size: point.size,
    transfer: { bytesRead: 0, bytesWritten: 0, bytesSkipped: 0 },
    startedAt: (point.time ?? timestamp).toISOString(),
    pointAt: (point.time ?? timestamp).toISOString(),
    completedAt: timestamp.toISOString(),
    engine: { name: "cinder", version: "unknown" },
    labels: {},
    protected: false,
    set: null,
    volumeMetadata: metadata?.toString("utf8") ?? null,
    state: "complete",
    checks: { quick: null, deep: null, source: null },
  };
}

function gone(place: ImageSpec, name: string): CoppiceError {
  const object = showImageSpec({ ...place, snapshot: name });
  return new CoppiceError({
    code: "SOURCE_CHANGED",
    call: "importCinderChain",
    object,
    message: `${object} was removed while it was imported`,
    hint: "See that Cinder does not delete the backups meanwhile, then try again.",
  });
}

/** Removes the digests of a point that was not imported. */
async function undoImport(cluster: Cluster, operation: Operation): Promise<boolean> {
  const { importing } = detailsSchema.parse(operation.record.details);
  if (importing === null) return false;
  const { pool, namespace } = operation.place;
  const ioCtx = await cluster.pool(pool, namespace);
  const record = await readRecord(ioCtx, importing.id, undefined);
  if (record?.digests.generation === importing.generation) return false;
  await removeDigests(ioCtx, importing.id, importing.generation);
  return true;
}

export const recoverChainImport: Recover = async (cluster, operation) => {
  const object = showImageSpec(operation.place);
  const isUndone = await undoImport(cluster, operation);
  const what = isUndone
    ? `the backup that was being imported from ${object} is as it was`
    : `what was imported from ${object} is whole`;
  return { outcome: isUndone ? "undone" : "finished", what };
};
