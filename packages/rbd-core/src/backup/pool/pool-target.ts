import { open } from "node:fs/promises";
import { CopyJob, type IoCtx } from "rbd-native";
import type { Cluster } from "../../cluster/index.ts";
import { allSettledOrThrow, forEachLimit } from "../../concurrency/index.ts";
import { CoppiceError, withCoppiceErrors } from "../../errors/index.ts";
import { ignoreNotFound, readHeader } from "../../headers/index.ts";
import { openImage } from "../../image/index.ts";
import { checkName, type ImageSpec, showImageSpec } from "../../names/index.ts";
import {
  copyDiff,
  type DigestManifest,
  exportDiff,
  exportRawFile,
  holdTarget,
  openTarget,
  progressOf,
  verifyDigests,
} from "../../transfer/index.ts";
import type { BackupRecord, BackupSource } from "../backup-record.ts";
import type {
  BackupChain,
  BackupLocation,
  BackupTarget,
  ByteRange,
  CallSignal,
  CheckFindings,
  CheckOptions,
  CopiedOut,
  CopyOutOptions,
  CopyToFileOptions,
  ListPointsOptions,
  PointData,
  PointListing,
  PointProblem,
  RestoreImage,
} from "../backup-target.ts";
import { digestFindings } from "../chain-digests.ts";
import { cinderVolumeId, formatCinderBase } from "../cinder/cinder-format.ts";
import { type ReadChainImage, readForeignChains } from "./foreign-chains.ts";
import {
  type ChainLayout,
  chainPoints,
  missingPoint,
  openPoolChain,
  type PoolPlace,
  snapshotOf,
} from "./pool-chain.ts";
import { readDigests, readRecord, readRecords } from "./pool-records.ts";

export interface PoolTargetOptions extends ChainLayout {
  readonly pool: string;
  /** Default: the default namespace. */
  readonly namespace?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens a pool of a cluster as a target for backups, in the same cluster as the images or another one. Each chain is an image
 * there, as OpenStack Cinder's Ceph backup driver makes them: see docs/backup-format.md.
 *
 * @param cluster Stays open as long as the target is used.
 * @throws {CoppiceError} `NOT_FOUND` for the pool or the data pool
 */
export async function openPoolTarget(cluster: Cluster, options: PoolTargetOptions): Promise<BackupTarget> {
  const { pool, namespace = "", dataPool, stripeUnit, stripeCount, signal } = options;
  signal?.throwIfAborted();
  if (namespace !== "") checkName("namespace", namespace);
  await cluster.pool(pool, namespace);
  if (dataPool !== undefined) await cluster.pool(dataPool);
  signal?.throwIfAborted();
  return new PoolTarget({ cluster, pool, namespace, layout: { dataPool, stripeUnit, stripeCount } });
}

/** How many images of chains are looked at, at a time. */
const readsAtOnce = 128;

class PoolTarget implements BackupTarget {
  readonly location: BackupLocation;
  readonly #place: PoolPlace;

  constructor(place: PoolPlace) {
    const { cluster, pool, namespace } = place;
    this.location = { kind: "pool", fsid: cluster.fsid, pool, namespace };
    this.#place = place;
  }

  newChain({ imageName }: Pick<BackupSource, "imageName">, backupId: string): string {
    return formatCinderBase({ volumeId: cinderVolumeId(imageName), backupId });
  }

  async list({ source, signal }: ListPointsOptions = {}): Promise<PointListing> {
    return await this.#run("the backups could not be listed", async () => {
      const { cluster, pool, namespace } = this.#place;
      const ioCtx = await cluster.pool(pool, namespace);
      const { points, problems } = await readRecords(
        ioCtx,
        source === undefined ? "all" : { source },
        signal,
      );
      const read = headerReader(ioCtx, signal);
      const missing = await this.#missing(points, read, signal);
      const all = { points, problems: [...problems, ...missing] };
      if (source !== undefined) return all;
      const recorded = new Set([...points, ...problems].map(({ id }) => id));
      return {
        ...all,
        foreign: await readForeignChains(cluster, { pool, namespace }, recorded, read, signal),
      };
    });
  }

  /** The points whose snapshots are not there, by the headers of the chains' images: one read for each chain. */
  async #missing(
    points: readonly BackupRecord[],
    readImage: ReadChainImage,
    signal: AbortSignal | undefined,
  ): Promise<readonly PointProblem[]> {
    const problems: PointProblem[] = [];
    const chains = [...Map.groupBy(points, (point) => snapshotOf(point).imageId)];
    const look = async ([imageId, some]: (typeof chains)[number]) => {
      const read = await readImage(imageId);
      const sizes = read && new Map(read.snapshots.map(({ id, size }) => [id, size]));
      for (const point of some) {
        const { id, image, name } = snapshotOf(point);
        if (point.state === "removing" || sizes?.get(id) === point.size) continue;
        const what =
          sizes === null
            ? `there is no image ${image} with the id ${imageId}`
            : `${image} has no snapshot ${name} with the id ${id} and ${point.size} bytes`;
        problems.push({ id: point.id, error: missing(point, what) });
      }
    };
    await forEachLimit(chains, readsAtOnce, look, signal);
    return problems;
  }

  async points(chain: string, { signal }: CallSignal = {}): Promise<readonly BackupRecord[]> {
    return await this.#run(`the chain ${chain} could not be read`, async () => {
      const { cluster, pool, namespace } = this.#place;
      return await chainPoints(await cluster.pool(pool, namespace), chain, signal);
    });
  }

  async find(id: string, { signal }: CallSignal = {}): Promise<BackupRecord | null> {
    return await this.#run("the backup could not be read", async () => {
      const { cluster, pool, namespace } = this.#place;
      return await readRecord(await cluster.pool(pool, namespace), id, signal);
    });
  }

  async openChain(chain: string, { signal }: CallSignal = {}): Promise<BackupChain> {
    return await openPoolChain(this.#place, chain, signal);
  }

  async readDigests(point: BackupRecord, { signal }: CallSignal = {}): Promise<DigestManifest> {
    return await this.#run(`the digests of the backup ${point.id} could not be read`, async () => {
      const { cluster, pool, namespace } = this.#place;
      return await readDigests(await cluster.pool(pool, namespace), point, signal);
    });
  }

  async copyOut(point: PointData, into: RestoreImage, options: CopyOutOptions = {}): Promise<CopiedOut> {
    const { cluster } = this.#place;
    const image = this.#imageOf(point);
    const problem = await missingPoint(cluster, image, point, options.signal);
    if (problem !== null) throw missing(point, problem);
    if (options.ranges !== undefined)
      return await copyRanges(cluster, image, point, into, options.ranges, options);
    const { limits, signal, onProgress } = options;
    return await copyDiff(cluster, {
      image,
      to: snapshotOf(point).name,
      target: { cluster: into.cluster, image: into.image, snapshot: null },
      digests: false,
      limits,
      onProgress,
      signal,
    });
  }

  async copyToFile(point: PointData, path: string, options: CopyToFileOptions): Promise<void> {
    const { cluster } = this.#place;
    const { signal, onProgress, format } = options;
    const image = this.#imageOf(point);
    const problem = await missingPoint(cluster, image, point, signal);
    if (problem !== null) throw missing(point, problem);
    const { name } = snapshotOf(point);
    if (format === "raw")
      return await exportRawFile(cluster, path, { image, snapshot: name, signal, onProgress });
    await using file = await open(path, "wx");
    for await (const bytes of exportDiff(cluster, { image, to: name, signal, onProgress })) {
      await file.appendFile(bytes as Uint8Array);
    }
    await file.sync();
  }

  async check(point: BackupRecord, depth: "quick" | "deep", options: CheckOptions): Promise<CheckFindings> {
    const { cluster } = this.#place;
    const { signal, limits, onProgress } = options;
    const image = this.#imageOf(point);
    const problem = await missingPoint(cluster, image, point, signal);
    if (problem !== null) return { ok: false, bytes: 0, problems: [problem], problemCount: 1 };
    const manifest = depth === "deep" ? options.digests : sampleOf(options.digests);
    const { verified, wrong } = await verifyDigests(cluster, {
      image,
      snapshot: snapshotOf(point).name,
      manifest,
      signal,
      limits,
      onProgress,
    });
    return digestFindings({ verified, wrong }, manifest, "differs");
  }

  #imageOf(point: Pick<BackupRecord, "id" | "stored">): ImageSpec {
    const { pool, namespace } = this.#place;
    return { pool, namespace, image: snapshotOf(point).image };
  }

  async #run<T>(what: string, action: () => Promise<T>): Promise<T> {
    const { pool, namespace } = this.#place;
    const object = namespace === "" ? pool : `${pool}/${namespace}`;
    return await withCoppiceErrors({ object, what: `${what} in ${object}` }, action);
  }
}

/** Reads the images of chains by their headers, each one once. */
function headerReader(ioCtx: IoCtx, signal: AbortSignal | undefined): ReadChainImage {
  const read = async (imageId: string) => {
    const found = await readHeader(ioCtx, imageId, signal);
    if (found === null) return await ignoreNotFound(() => askLibrbd(ioCtx, imageId, signal));
    const { size, snapshots } = found.header;
    const users = snapshots.filter(({ namespace }) => namespace.kind === "user");
    return { size, snapshots: users.map(({ id, name, size }) => ({ id, name, size })) };
  };
  const known = new Map<string, ReturnType<ReadChainImage>>();
  return (imageId) => {
    const reading = known.get(imageId) ?? read(imageId);
    known.set(imageId, reading);
    return reading;
  };
}

async function askLibrbd(ioCtx: IoCtx, id: string, signal: AbortSignal | undefined) {
  await using image = await ioCtx.openImage({ id }, { readOnly: true, signal });
  const { size } = await image.stat({ signal });
  const snapshots = (await image.listSnapshots({ signal })).filter(({ namespace }) => namespace === "user");
  return { size, snapshots };
}

function missing({ id }: Pick<BackupRecord, "id">, what: string): CoppiceError {
  return new CoppiceError({
    code: "NOT_FOUND",
    call: "backup",
    object: id,
    message: `the data of the backup ${id} is not there: ${what}`,
    hint: "Another program removed or changed it. Remove the backup, and see that nothing else works on that pool.",
  });
}

/** How many blocks a quick check reads. */
const sampleSize = 16;

/** Some of the digests, evenly spread over the image. */
function sampleOf(digests: DigestManifest): DigestManifest {
  const { blocks } = digests;
  const step = Math.max(1, blocks.length / sampleSize);
  const sample: DigestManifest["blocks"][number][] = [];
  for (let at = 0; at < blocks.length; at += step) {
    const block = blocks[Math.floor(at)];
    if (block !== undefined) sample.push(block);
  }
  return { ...digests, blocks: sample, isFull: false };
}

/** How many bytes of ranges are copied with one call. */
const bytesAtOnce = 256 * 1024 ** 2;

async function copyRanges(
  cluster: Cluster,
  image: ImageSpec,
  point: PointData,
  into: RestoreImage,
  ranges: readonly ByteRange[],
  { limits, signal, onProgress }: CopyOutOptions,
): Promise<CopiedOut> {
  const { name, id: snapshotId } = snapshotOf(point);
  const spec = showImageSpec(into.image);
  await using opened = new AsyncDisposableStack();
  const [source, target] = await allSettledOrThrow([
    openImage(cluster, { ...image, snapshot: name }).then((each) => opened.use(each)),
    openTarget(into.cluster, into.image, signal).then((each) => opened.use(each)),
  ]);
  return await withCoppiceErrors({ object: spec, what: `${spec} could not be restored` }, async () => {
    await holdTarget(target.image, spec, signal);
    const job = new CopyJob();
    const release = limits?.apply(job);
    const total = ranges.reduce((sum, { length }) => sum + length, 0);
    const progress = progressOf(total, { onProgress });
    let done = 0;
    const report = () => {
      const { bytesRead, bytesWritten, bytesZeroed, bytesSkipped } = job.counters();
      progress("copying", done, { bytesRead, bytesWritten, bytesSkipped: bytesZeroed + bytesSkipped });
    };
    try {
      for (const some of batchesOf(ranges)) {
        // Zeroes are written, too: the target may hold anything.
        const extents = Float64Array.from(some.flatMap(({ offset, length }) => [offset, length, 1, 1]));
        await job.copy({ image: source, snapshotId }, target.image, extents, {
          signal,
          digests: false,
          onProgress: report,
        });
        for (const { length } of some) done += length;
        report();
      }
      await target.image.flush({ signal });
      const { bytesRead, bytesWritten } = job.counters();
      return { bytesRead, bytesWritten };
    } finally {
      release?.();
    }
  });
}

function* batchesOf(ranges: readonly ByteRange[]): Generator<readonly ByteRange[]> {
  let [batch, bytes]: [ByteRange[], number] = [[], 0];
  for (const range of ranges) {
    for (let at = range.offset; at < range.offset + range.length; ) {
      const length = Math.min(range.offset + range.length - at, bytesAtOnce - bytes);
      batch.push({ offset: at, length });
      at += length;
      bytes += length;
      if (bytes < bytesAtOnce) continue;
      yield batch;
      [batch, bytes] = [[], 0];
    }
  }
  if (batch.length > 0) yield batch;
}
