import { createHash, randomUUID } from "node:crypto";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { forEachLimit } from "../../concurrency/index.ts";
import { CoppiceError, hasCode } from "../../errors/index.ts";
import { parseSidecar, type Sidecar } from "../../formats/index.ts";
import { type DigestManifest, decodeManifest } from "../../transfer/index.ts";
import { type BackupRecord, decodeBackupRecord } from "../backup-record.ts";
import type { PointProblem } from "../backup-target.ts";
import { damaged, namesIn, readIfThere, readVerified, withFileErrors } from "./files.ts";
import { chainFolder, idOfRecordFile, recordFile, storedDiff } from "./layout.ts";

/** What lies in the folder of a chain. */
export interface ChainContents {
  /** Oldest first. */
  readonly points: readonly BackupRecord[];
  readonly problems: readonly PointProblem[];
}

const filesAtATime = 16;

/**
 * The records in the folder of a chain. One that cannot be read becomes a problem.
 *
 * @throws {CoppiceError} when the folder cannot be read; the signal's reason
 */
export async function readChain(root: string, chain: string, signal?: AbortSignal): Promise<ChainContents> {
  const folder = chainFolder(root, chain);
  const ids = (await namesIn(folder)).flatMap((name) => idOfRecordFile(name) ?? []);
  const points: BackupRecord[] = [];
  const problems: PointProblem[] = [];
  const read = async (id: string) => {
    try {
      const point = await readRecord(root, chain, id);
      if (point !== undefined) points.push(point);
    } catch (error) {
      if (!(error instanceof CoppiceError)) throw error;
      problems.push({ id, error });
    }
  };
  await forEachLimit(ids, filesAtATime, read, signal);
  return { points: inOrder(points), problems };
}

/**
 * One record; undefined when there is none.
 *
 * @throws {CoppiceError} `UNSUPPORTED`
 */
export async function readRecord(root: string, chain: string, id: string): Promise<BackupRecord | undefined> {
  const path = join(chainFolder(root, chain), recordFile(id));
  const bytes = await readIfThere(path);
  if (bytes === undefined) return undefined;
  const record = decodeBackupRecord(path, bytes);
  storedDiff(record);
  if (record.id === id && record.chain === chain) return record;
  throw new CoppiceError({
    code: "UNSUPPORTED",
    call: "readRecord",
    object: path,
    message: `the record ${path} is that of the backup ${record.id} of the chain ${record.chain}`,
    hint: "The file or its folder was renamed. Give it its name back.",
  });
}

/** A chain is a line of snapshots of one image, whose ids ascend. */
function inOrder(points: readonly BackupRecord[]): BackupRecord[] {
  const id = ({ source }: BackupRecord) => BigInt(source.snapshot.id);
  return points.toSorted((a, b) => (id(a) < id(b) ? -1 : id(a) > id(b) ? 1 : 0));
}

/**
 * The points whose changes lead to a point, from the full one on.
 *
 * @throws {CoppiceError} `NOT_FOUND` when one of them is missing
 */
export function pointsUpTo(points: readonly BackupRecord[], id: string): readonly BackupRecord[] {
  const byId = new Map(points.map((point) => [point.id, point]));
  const line: BackupRecord[] = [];
  for (let next: string | null = id; next !== null; ) {
    const point = byId.get(next);
    if (point === undefined || line.includes(point)) throw missing(id, next);
    line.unshift(point);
    next = point.parent;
  }
  return line;
}

function missing(id: string, missingId: string): CoppiceError {
  return new CoppiceError({
    code: "NOT_FOUND",
    call: "pointsUpTo",
    object: id,
    message:
      id === missingId
        ? `there is no backup ${id}`
        : `the backup ${id} builds on ${missingId}, whose record is missing or cannot be read`,
    hint: "Restore an earlier point, or put the missing files back.",
  });
}

/**
 * The digests of a point.
 *
 * @throws {CoppiceError} `NOT_FOUND`; `IO` when they are not those that the record describes
 */
export async function readManifest(folder: string, point: BackupRecord): Promise<DigestManifest> {
  const path = join(folder, storedDiff(point).digests);
  const parts: Uint8Array[] = [];
  for await (const part of readVerified(path, point.digests)) parts.push(part);
  try {
    return decodeManifest(Buffer.concat(parts));
  } catch (error) {
    throw damaged(path, `holds no digests: ${(error as Error).message}`, error);
  }
}

/** What a record says about the digests that are written for it. */
export function describeDigests(manifest: Uint8Array): BackupRecord["digests"] {
  const sha256 = createHash("sha256").update(manifest).digest("hex");
  return { generation: randomUUID(), bytes: manifest.length, sha256 };
}

/** @throws {CoppiceError} `IO` when it is missing or damaged */
export async function readSidecar(folder: string, point: BackupRecord): Promise<Sidecar> {
  const path = join(folder, storedDiff(point).sidecar);
  const bytes = await readIfThere(path);
  if (bytes === undefined) throw damaged(path, "is missing");
  try {
    return parseSidecar(bytes.toString("utf8"));
  } catch (error) {
    throw damaged(path, `is damaged: ${(error as Error).message}`, error);
  }
}

/** What is wrong with the files of a point, by their names and lengths alone; undefined when nothing is. */
export async function missingFile(folder: string, point: BackupRecord): Promise<CoppiceError | undefined> {
  const { file, sidecar, digests, bytes } = storedDiff(point);
  const expected: [name: string, bytes?: number][] = [
    [file, bytes],
    [sidecar],
    [digests, point.digests.bytes],
  ];
  for (const [name, length] of expected) {
    const path = join(folder, name);
    try {
      const { size } = await withFileErrors(path, () => stat(path));
      if (length === undefined || size === length) continue;
      return notWhole("IO", path, `the file ${name} has ${size} bytes and should have ${length}`);
    } catch (error) {
      if (!hasCode(error, "NOT_FOUND")) throw error;
      return notWhole("NOT_FOUND", path, `the file ${name} is missing`);
    }
  }
  return undefined;
}

function notWhole(code: "IO" | "NOT_FOUND", object: string, message: string): CoppiceError {
  const hint = "Put back a good copy of the file, or restore an earlier point.";
  return new CoppiceError({ code, call: "missingFile", object, message, hint });
}
