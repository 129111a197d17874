import { rmdir } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { CoppiceError, hasCode } from "../../errors/index.ts";
import { type DigestManifest, encodeManifest } from "../../transfer/index.ts";
import { type BackupRecord, encodeBackupRecord } from "../backup-record.ts";
import type {
  AppendedPoint,
  AppendOptions,
  BackupChain,
  CallSignal,
  ChainProblem,
  NewPoint,
  NewRecord,
  SourceImage,
} from "../backup-target.ts";
import { appendPoint } from "./append-point.ts";
import { ChainLock } from "./chain-lock.ts";
import { describeDigests, missingFile, readChain } from "./chain-records.ts";
import {
  makeEmptyFile,
  makeFolder,
  namesIn,
  readIfThere,
  removeFile,
  syncFolder,
  withFileErrors,
  writeFileDurably,
} from "./files.ts";
import {
  chainFolder,
  idOfDataFile,
  idOfRecordFile,
  isPartialFile,
  readmeFile,
  recordFile,
  sourceFolder,
  storedDiff,
  sumsFile,
} from "./layout.ts";
import { chainReadme, describeChain } from "./readme.ts";
import { finishRemoval, type HeldChain, mergeIntoChild, removeNewest } from "./remove-point.ts";

export interface OpenChainOptions extends CallSignal {
  /** The level of zstd for what is written; stored as it is without it. */
  readonly compression: number | undefined;
}

/**
 * Opens a chain in a directory. An interrupted removal is carried out first, and files that no record speaks of are removed.
 *
 * @throws {CoppiceError} `BUSY` while another process holds the chain
 */
export async function openDirectoryChain(
  root: string,
  name: string,
  options: OpenChainOptions,
): Promise<BackupChain> {
  chainFolder(root, name);
  const lock = await ChainLock.take(root, name);
  const chain = new DirectoryChain(root, name, lock, options);
  try {
    options.signal?.throwIfAborted();
    await chain.recover();
    return chain;
  } catch (error) {
    await lock[Symbol.asyncDispose]();
    throw error;
  }
}

class DirectoryChain implements BackupChain {
  readonly name: string;
  readonly #root: string;
  readonly #folder: string;
  readonly #lock: ChainLock;
  readonly #options: OpenChainOptions;
  #appended:
    | { readonly id: string; readonly parent: string | null; readonly point: AppendedPoint }
    | undefined;

  constructor(root: string, name: string, lock: ChainLock, options: OpenChainOptions) {
    this.name = name;
    this.#root = root;
    this.#folder = chainFolder(root, name);
    this.#lock = lock;
    this.#options = options;
  }

  get signal(): AbortSignal {
    return this.#lock.signal;
  }

  async recover(): Promise<void> {
    const { points, problems } = await readChain(this.#root, this.name);
    // With a record that cannot be read, it is not known which files belong to what.
    if (problems.length > 0) return;
    await finishRemoval(this.#held(points));
    await this.#removeOrphans();
  }

  async points(): Promise<readonly BackupRecord[]> {
    const { points, problems } = await readChain(this.#root, this.name, this.signal);
    const [problem] = problems;
    if (problem !== undefined) throw problem.error;
    return points;
  }

  async problem(newest: BackupRecord): Promise<ChainProblem | null> {
    const points = await this.points();
    if (points.at(-1)?.id !== newest.id || !isDeepStrictEqual(storedDiff(newest), points.at(-1)?.stored)) {
      return { reason: "parent-missing", what: `the backup ${newest.id} is not the newest of ${this.name}` };
    }
    for (const [i, point] of points.entries()) {
      if (point.parent !== (points[i - 1]?.id ?? null)) {
        const what = `the backup ${point.id} builds on ${point.parent}, which is missing`;
        return { reason: "parent-missing", what };
      }
      const problem = await missingFile(this.#folder, point);
      if (problem === undefined) continue;
      const isDigests = problem.object === join(this.#folder, storedDiff(point).digests);
      return { reason: isDigests ? "digests-missing" : "parent-missing", what: sentence(problem) };
    }
    return null;
  }

  async append(point: NewPoint, options: AppendOptions = {}): Promise<AppendedPoint> {
    await this.#lock.confirm();
    const newest = (await this.points()).at(-1);
    if (newest?.id !== point.parent?.id) throw notNewest(this.name, point, newest);
    await this.#dropAppended();
    await makeFolder(this.#folder);
    const signal = this.#any(options.signal);
    const { compression } = this.#options;
    const confirm = () => this.#lock.confirm();
    const appended = await appendPoint(this.#folder, point, { ...options, signal, compression, confirm });
    this.#appended = { id: point.id, parent: point.parent?.id ?? null, point: appended };
    return appended;
  }

  async commit(record: NewRecord, digests: DigestManifest): Promise<BackupRecord> {
    const appended = this.#appended;
    const isAppended =
      appended?.id === record.id &&
      appended.parent === record.parent &&
      record.chain === this.name &&
      isDeepStrictEqual(record.stored, appended.point.stored);
    if (!isAppended) throw notAppended(record);
    const points = await this.points();
    const manifest = encodeManifest(digests);
    const committed = { ...record, digests: describeDigests(manifest) };
    const bytes = encodeBackupRecord(committed);
    const confirm = () => this.#lock.confirm();
    await writeFileDurably(join(this.#folder, storedDiff(committed).digests), manifest, confirm);
    await this.#enterInSource(record.source);
    await describeChain(this.#folder, [...points, committed]);
    await writeFileDurably(join(this.#folder, recordFile(record.id)), bytes, confirm);
    this.#appended = undefined;
    return committed;
  }

  async update(record: BackupRecord): Promise<void> {
    const old = (await this.points()).find(({ id }) => id === record.id);
    if (old === undefined) throw notFound(this.name, record.id);
    const { labels, protected: isProtected, checks } = record;
    if (!isDeepStrictEqual({ ...old, labels, protected: isProtected, checks }, record)) {
      throw new CoppiceError({
        code: "INVALID_ARGUMENT",
        call: "update",
        object: record.id,
        message: `only the labels, the protection and the checks of the backup ${record.id} can be changed`,
        hint: "Read the record again: the point before it may have been removed meanwhile.",
      });
    }
    const confirm = () => this.#lock.confirm();
    await writeFileDurably(join(this.#folder, recordFile(record.id)), encodeBackupRecord(record), confirm);
  }

  async remove(id: string): Promise<void> {
    const points = await this.points();
    const index = points.findIndex((point) => point.id === id);
    const [point, child] = [points[index], points[index + 1]];
    if (index === -1 || point === undefined) throw notFound(this.name, id);
    const held = this.#held(points);
    const { compression } = this.#options;
    if (child === undefined) await removeNewest(held, point);
    else await mergeIntoChild(held, point, child, { compression, signal: this.signal });
    if (points.length === 1) await this.#removeEmpty(point);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await using _ = this.#lock;
    if (!this.signal.aborted) await this.#dropAppended();
  }

  #held(points: readonly BackupRecord[]): HeldChain {
    return { folder: this.#folder, points, confirm: () => this.#lock.confirm() };
  }

  #any(signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? this.signal : AbortSignal.any([signal, this.signal]);
  }

  /** Removes the files of the point that was appended and not committed. */
  async #dropAppended(): Promise<void> {
    if (this.#appended === undefined) return;
    this.#appended = undefined;
    await this.#removeOrphans();
  }

  /** Removes what this format's writers left that no record speaks of, and brings the texts for people up to date. */
  async #removeOrphans(): Promise<void> {
    const { points, problems } = await readChain(this.#root, this.name);
    if (problems.length > 0) return;
    const used = new Set(
      points.flatMap((point) => {
        const { file, sidecar, digests } = storedDiff(point);
        return [file, sidecar, digests];
      }),
    );
    const names = await namesIn(this.#folder);
    const orphans = names.filter(
      (name) => isPartialFile(name) || (idOfDataFile(name) !== undefined && !used.has(name)),
    );
    for (const name of orphans) {
      await this.#lock.confirm();
      await removeFile(join(this.#folder, name));
    }
    if (points.length === 0) return await this.#removeEmpty(undefined);
    const readme = await readIfThere(join(this.#folder, readmeFile));
    if (readme?.toString("utf8") !== chainReadme(points)) await describeChain(this.#folder, points);
  }

  /** Lets the chain be found by its image. Entries that an interrupted removal left are taken out. */
  async #enterInSource(source: SourceImage): Promise<void> {
    const folder = sourceFolder(this.#root, source);
    await makeFolder(folder);
    for (const chain of await namesIn(folder)) {
      const isGone = chain !== this.name && (await namesIn(join(this.#root, chain))).length === 0;
      if (isGone) await removeFile(join(folder, chain));
    }
    if ((await namesIn(folder)).includes(this.name)) return;
    await this.#lock.confirm();
    await makeEmptyFile(join(folder, this.name));
  }

  /** Removes the folder of a chain without points, unless another program has put something there. */
  async #removeEmpty(last: BackupRecord | undefined): Promise<void> {
    const names = await namesIn(this.#folder);
    if (names.some((name) => idOfRecordFile(name) !== undefined)) return;
    await this.#lock.confirm();
    if (last !== undefined) {
      const folder = sourceFolder(this.#root, last.source);
      await removeFile(join(folder, this.name));
      await rmdirIfEmpty(folder);
    }
    for (const name of [readmeFile, sumsFile]) await removeFile(join(this.#folder, name));
    await rmdirIfEmpty(this.#folder);
    await syncFolder(this.#root);
  }
}

async function rmdirIfEmpty(path: string): Promise<void> {
  try {
    await withFileErrors(path, () => rmdir(path));
  } catch (error) {
    // POSIX lets a file system say either of a folder that is not empty.
    const isThere = hasCode(error, "NOT_EMPTY") || hasCode(error, "EXISTS");
    if (!isThere && !hasCode(error, "NOT_FOUND")) throw error;
  }
}

/** An error's message without its hint: one sentence without a full stop. */
const sentence = ({ message, hint }: CoppiceError) =>
  hint === undefined ? message : message.slice(0, -hint.length - 2);

function notNewest(chain: string, { parent }: NewPoint, newest: BackupRecord | undefined): CoppiceError {
  return new CoppiceError({
    code: "INVALID_ARGUMENT",
    call: "append",
    object: chain,
    message: `the newest point of ${chain} is ${newest?.id ?? "none"}, not ${parent?.id ?? "none"}`,
    hint: "Build on the newest point, or begin a new chain.",
  });
}

function notAppended({ id }: NewRecord): CoppiceError {
  return new CoppiceError({
    code: "INVALID_ARGUMENT",
    call: "commit",
    object: id,
    message: `the record of the backup ${id} does not describe what was appended to the chain`,
    hint: "Append the point first, and commit it with what `append` returned.",
  });
}

function notFound(chain: string, id: string): CoppiceError {
  return new CoppiceError({
    code: "NOT_FOUND",
    call: "remove",
    object: `${chain}/${id}`,
    message: `the chain ${chain} has no backup ${id}`,
    hint: "It may have been removed meanwhile: list the backups again.",
  });
}
