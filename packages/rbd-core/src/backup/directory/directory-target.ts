import { randomUUID } from "node:crypto";
import { open, readdir, realpath, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Readable } from "node:stream";
import { isDeepStrictEqual } from "node:util";
import { forEachLimit } from "../../concurrency/index.ts";
import { CoppiceError, hasCode, withCoppiceErrors } from "../../errors/index.ts";
import { openImage } from "../../image/index.ts";
import { showImageSpec } from "../../names/index.ts";
import { type DigestManifest, progressOf, writeRecords } from "../../transfer/index.ts";
import type { BackupRecord, CheckDepth } from "../backup-record.ts";
import type {
  BackupChain,
  BackupTarget,
  CallSignal,
  CheckFindings,
  CheckOptions,
  CopiedOut,
  CopyOutOptions,
  CopyToFileOptions,
  ListPointsOptions,
  PointData,
  PointListing,
  RestoreImage,
  SourceImage,
} from "../backup-target.ts";
import {
  missingFile,
  pointsUpTo,
  readChain,
  readManifest,
  readRecord,
  readSidecar,
} from "./chain-records.ts";
import { openDirectoryChain } from "./directory-chain.ts";
import {
  damaged,
  givePartialItsName,
  makeFolder,
  namesIn,
  partialSuffix,
  readIfThere,
  readVerified,
  removeFile,
  withFileErrors,
  writeAll,
  writeFileDurably,
  writePartial,
} from "./files.ts";
import {
  chainFolder,
  chainNameOf,
  isChainName,
  markerFile,
  markerSchema,
  readmeFile,
  type StoredDiff,
  sourceFolder,
  storedDiff,
} from "./layout.ts";
import { encodePoints, pacedRecords, recordsWithin, withPoints } from "./point-data.ts";
import { directoryReadme } from "./readme.ts";

export interface DirectoryTargetOptions {
  /** Makes an empty or missing directory a place for backups. Without it the directory must be one already. */
  readonly create?: boolean | undefined;
  /** Compresses what is written with zstd: `true`, or the level, 1 to 19. Needs Node.js 22.15. */
  readonly compress?: boolean | number | undefined;
}

/** A target whose points can be read without a cluster. */
export interface DirectoryTarget extends BackupTarget {
  readonly location: { readonly kind: "directory"; readonly path: string };

  /**
   * A point as one diff from nothing in the format `rbd diff v1`, for `importDiff` and `rbd import-diff`: a synthetic full
   * backup. All files that it is made of are compared with their digests.
   *
   * @throws {CoppiceError} through the stream: `NOT_FOUND`, `IO` naming the damaged file
   */
  exportPoint(id: string, options?: CallSignal): Readable;
}

/**
 * Opens a directory, local or on NFS, as a target for backups. Its files are plain `rbd diff v1` with sidecars:
 * docs/backup-format.md describes them, and each chain's README.md has the `rbd` commands that restore its points.
 *
 * @throws {CoppiceError} `NOT_FOUND` when the directory is not a place for backups, as when its file system is not mounted;
 * `NOT_EMPTY` with `create` when there is something else in it; `UNSUPPORTED` for a newer format
 *
 * @example
 * const target = await openDirectoryTarget("/mnt/nas/backups", { create: true });
 * await backupImage(cluster, { image: "rbd/vm-1", target });
 */
export async function openDirectoryTarget(
  path: string,
  options: DirectoryTargetOptions = {},
): Promise<DirectoryTarget> {
  const compression = options.compress === true ? 3 : options.compress || undefined;
  if (
    compression !== undefined &&
    !(Number.isInteger(compression) && compression >= 1 && compression <= 19)
  ) {
    throw new CoppiceError({
      code: "INVALID_ARGUMENT",
      call: "openDirectoryTarget",
      object: path,
      message: `${compression} is no level of zstd`,
      hint: "Give a whole number from 1 to 19.",
    });
  }
  if (options.create === true) await createDirectory(path);
  const root = await withFileErrors(path, () => realpath(path));
  await checkMarker(root);
  return new OpenDirectory(root, compression);
}

async function createDirectory(path: string): Promise<void> {
  const root = resolve(path);
  await makeFolder(root);
  const names = await namesIn(root);
  if (names.includes(markerFile)) return;
  // Where the file system of a disk has its root, there is this folder.
  const others = names.filter(
    (name) => name !== "lost+found" && name !== readmeFile && !name.endsWith(partialSuffix),
  );
  if (others.length > 0) {
    throw new CoppiceError({
      code: "NOT_EMPTY",
      call: "openDirectoryTarget",
      object: root,
      message: `${root} holds something else: ${others.slice(0, 3).join(", ")}`,
      hint: "Give a directory of its own to the backups.",
    });
  }
  await writeFileDurably(join(root, readmeFile), Buffer.from(directoryReadme));
  const marker = { format: "coppice backups", version: 1 };
  await writeFileDurably(join(root, markerFile), Buffer.from(`${JSON.stringify(marker)}\n`));
}

async function checkMarker(root: string): Promise<void> {
  const bytes = await readIfThere(join(root, markerFile));
  if (bytes === undefined) {
    throw new CoppiceError({
      code: "NOT_FOUND",
      call: "openDirectoryTarget",
      object: root,
      message: `${root} is no place for backups: it has no ${markerFile}`,
      hint: "Check that its file system is mounted, or create it.",
    });
  }
  try {
    markerSchema.parse(JSON.parse(bytes.toString("utf8")));
  } catch (cause) {
    throw new CoppiceError({
      code: "UNSUPPORTED",
      call: "openDirectoryTarget",
      object: root,
      message: `${join(root, markerFile)} is not what this version writes`,
      hint: "A newer version of Coppice may have written it. Use that version.",
      cause,
    });
  }
}

const chainsAtATime = 8;
/** Up to this length a quick check reads a whole file, in bytes. */
const quickBytes = 16 * 1024 ** 2;
/** As many problems as a record keeps. */
const problemsKept = 8;

class OpenDirectory implements DirectoryTarget {
  readonly location: { readonly kind: "directory"; readonly path: string };
  readonly #root: string;
  readonly #compression: number | undefined;

  constructor(root: string, compression: number | undefined) {
    this.#root = root;
    this.#compression = compression;
    this.location = { kind: "directory", path: root };
  }

  newChain({ imageName }: { readonly imageName: string }, backupId: string): string {
    return chainNameOf(imageName, backupId);
  }

  async list({ source, signal }: ListPointsOptions = {}): Promise<PointListing> {
    const listing = { points: [] as BackupRecord[], problems: [] as PointListing["problems"][number][] };
    const read = async (chain: string) => {
      const { points, problems } = await readChain(this.#root, chain, signal);
      const isMeant = ({ source: of }: BackupRecord) =>
        source === undefined ||
        (of.fsid === source.fsid && of.poolId === source.poolId && of.imageId === source.imageId);
      for (const point of points.filter(isMeant)) {
        listing.points.push(point);
        const error = await missingFile(join(this.#root, chain), point);
        if (error !== undefined) listing.problems.push({ id: point.id, error });
      }
      listing.problems.push(...problems);
    };
    await forEachLimit(await this.#chains(source), chainsAtATime, read, signal);
    return listing;
  }

  async points(chain: string, { signal }: CallSignal = {}): Promise<readonly BackupRecord[]> {
    const { points, problems } = await readChain(this.#root, chain, signal);
    const [problem] = problems;
    if (problem !== undefined) throw problem.error;
    return points;
  }

  async find(id: string, { signal }: CallSignal = {}): Promise<BackupRecord | null> {
    let found: BackupRecord | null = null;
    const look = async (chain: string) => {
      found ??= (await readRecord(this.#root, chain, id)) ?? null;
    };
    await forEachLimit(await this.#chains(undefined), chainsAtATime, look, signal);
    return found;
  }

  async openChain(chain: string, { signal }: CallSignal = {}): Promise<BackupChain> {
    return await openDirectoryChain(this.#root, chain, { signal, compression: this.#compression });
  }

  async readDigests(point: BackupRecord): Promise<DigestManifest> {
    return await readManifest(chainFolder(this.#root, point.chain), point);
  }

  async copyOut(point: PointData, into: RestoreImage, options: CopyOutOptions = {}): Promise<CopiedOut> {
    const { ranges, signal, onProgress, limits } = options;
    const { folder, points } = await this.#pointsOf(point, signal);
    const spec = showImageSpec(into.image);
    await using image = await openImage(into.cluster, into.image, { allowIncomplete: true });
    return await withPoints(folder, points, { signal }, (diff) =>
      withCoppiceErrors(
        { object: spec, what: `the backup ${point.id} could not be written to ${spec}` },
        async () => {
          if ((await image.size({ signal })) !== point.size) {
            await image.resize(point.size, { allowShrink: true });
          }
          const read = { bytes: 0 };
          const records = pacedRecords(diff.records, read, limits, signal);
          const wanted = ranges === undefined ? records : recordsWithin(records, ranges);
          const how = { isEmpty: ranges === undefined, total: point.size, signal, onProgress };
          const { bytesWritten } = await writeRecords(image, wanted, how);
          return { bytesRead: read.bytes, bytesWritten };
        },
      ),
    );
  }

  async check(
    point: BackupRecord,
    depth: Exclude<CheckDepth, "source">,
    { signal, onProgress }: CheckOptions,
  ): Promise<CheckFindings> {
    const problems: string[] = [];
    let [done, total] = [0, 0];
    const finding = async (of: string, action: () => Promise<void>) => {
      try {
        await action();
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof CoppiceError)) throw error;
        problems.push(`${of}: ${error.message}`.slice(0, 500));
      }
    };
    await finding(`backup ${point.id}`, async () => {
      const { folder, points } = await this.#pointsOf(point, signal);
      const isRead = ({ bytes }: StoredDiff) => depth === "deep" || bytes <= quickBytes;
      total = points.map(storedDiff).reduce((sum, stored) => sum + (isRead(stored) ? stored.bytes : 0), 0);
      for (const [i, each] of points.entries()) {
        const stored = storedDiff(each);
        await finding(`backup ${each.id}`, async () => {
          const missing = await missingFile(folder, each);
          if (missing !== undefined) throw missing;
          await checkSidecar(folder, each, points[i - 1]);
          await readManifest(folder, each);
          if (!isRead(stored)) return;
          for await (const part of readVerified(join(folder, stored.file), stored, { signal })) {
            done += part.length;
            onProgress?.({ done, total });
          }
        });
      }
    });
    const problemCount = problems.length;
    return { ok: problemCount === 0, bytes: done, problems: problems.slice(0, problemsKept), problemCount };
  }

  exportPoint(id: string, options: CallSignal = {}): Readable {
    const bytes = async function* (find: () => Promise<PointFiles>) {
      const { folder, points } = await find();
      yield* encodePoints(folder, points, options);
    };
    return Readable.from(
      bytes(() => this.#findFiles(id, options.signal)),
      { objectMode: false },
    );
  }

  async copyToFile(point: PointData, path: string, options: CopyToFileOptions): Promise<void> {
    const { signal, format } = options;
    if (await isThere(path)) throw existsAlready(path);
    const { folder, points } = await this.#pointsOf(point, signal);
    if (format === "diff") {
      const { name } = await writePartial(path, encodePoints(folder, points, { signal }), signal);
      return await givePartialItsName(name, path);
    }
    const partial = `${path}.${randomUUID().slice(0, 8)}${partialSuffix}`;
    const report = progressOf(point.size, options);
    let bytesRead = 0;
    try {
      await withPoints(folder, points, { signal }, async ({ header, records }) => {
        await using file = await withFileErrors(path, () => open(partial, "wx", 0o600));
        for await (const record of records) {
          signal?.throwIfAborted();
          if (record.type !== "data") continue;
          const { offset, data } = record;
          await withFileErrors(path, () => writeAll(file, data, offset));
          bytesRead += data.length;
          report("copying", offset + data.length, { bytesRead, bytesWritten: bytesRead, bytesSkipped: 0 });
        }
        await withFileErrors(path, () => file.truncate(header.size));
        await withFileErrors(path, () => file.sync());
      });
    } catch (error) {
      await removeFile(partial).catch(() => {});
      throw error;
    }
    await givePartialItsName(partial, path);
  }

  /** The names of all chains, or of those of an image. */
  async #chains(source: SourceImage | undefined): Promise<string[]> {
    if (source !== undefined) return (await namesIn(sourceFolder(this.#root, source))).filter(isChainName);
    const entries = await withFileErrors(this.#root, () => readdir(this.#root, { withFileTypes: true }));
    return entries.flatMap((entry) => (entry.isDirectory() && isChainName(entry.name) ? [entry.name] : []));
  }

  /** The files of a point, as its record says now: the point before it may have been merged into it. */
  async #pointsOf({ id, chain }: Pick<PointData, "id" | "chain">, signal?: AbortSignal): Promise<PointFiles> {
    const { points } = await readChain(this.#root, chain, signal);
    return { folder: chainFolder(this.#root, chain), points: pointsUpTo(points, id) };
  }

  async #findFiles(id: string, signal: AbortSignal | undefined): Promise<PointFiles> {
    const point = await this.find(id, { signal });
    if (point !== null) return await this.#pointsOf(point, signal);
    throw new CoppiceError({
      code: "NOT_FOUND",
      call: "exportPoint",
      object: id,
      message: `${this.#root} has no backup ${id}`,
      hint: "Take its id from the list of backups.",
    });
  }
}

/** The files that make up a point: its folder, and the points up to it from the full one on. */
interface PointFiles {
  readonly folder: string;
  readonly points: readonly BackupRecord[];
}

/** @throws {CoppiceError} `IO` unless the sidecar says of the point, and of the one before it, what their records say */
async function checkSidecar(
  folder: string,
  point: BackupRecord,
  parent: BackupRecord | undefined,
): Promise<void> {
  const sidecar = await readSidecar(folder, point);
  const { snapshot, ...image } = point.source;
  const { bytes, sha256 } = storedDiff(point);
  const from = parent?.source.snapshot ?? null;
  const stored = sidecar.stored ?? sidecar.content;
  const found = [sidecar.source.fsid, sidecar.source.poolId, sidecar.source.imageId, sidecar.from?.id];
  const expected = [image.fsid, image.poolId, image.imageId, from?.id];
  const isSame =
    isDeepStrictEqual(found, expected) &&
    sidecar.to?.id === snapshot.id &&
    sidecar.size === point.size &&
    stored.bytes === bytes &&
    stored.sha256 === sha256;
  if (!isSame) throw damaged(join(folder, storedDiff(point).sidecar), "contradicts the record of its point");
}

async function isThere(path: string): Promise<boolean> {
  try {
    await withFileErrors(path, () => stat(path));
    return true;
  } catch (error) {
    if (hasCode(error, "NOT_FOUND")) return false;
    throw error;
  }
}

function existsAlready(path: string): CoppiceError {
  return new CoppiceError({
    code: "EXISTS",
    call: "copyToFile",
    object: path,
    message: `${path} exists already`,
    hint: "Choose another name, or remove the file.",
  });
}
