import { join } from "node:path";
import { z } from "zod";
import { CoppiceError } from "../../errors/index.ts";
import {
  coalesce,
  compressZstd,
  digesting,
  encodeDiff,
  formatSidecar,
  type Sidecar,
} from "../../formats/index.ts";
import { type DigestManifest, encodeManifest, mergeManifests } from "../../transfer/index.ts";
import { type BackupRecord, decodeBackupRecord, encodeBackupRecord } from "../backup-record.ts";
import { readBack } from "./append-point.ts";
import { describeDigests, missingFile, readManifest, readSidecar } from "./chain-records.ts";
import {
  damaged,
  givePartialItsName,
  readIfThere,
  removeFile,
  syncFolder,
  writeFileDurably,
  writePartial,
} from "./files.ts";
import { dataFiles, recordFile, removalFile, storedDiff, versionOf } from "./layout.ts";
import { withPoints } from "./point-data.ts";
import { describeChain } from "./readme.ts";

/**
 * A removal that is decided: the child's new files are written. Whoever finds this file carries the removal out, which can be
 * done any number of times.
 */
const removalSchema = z.object({ version: z.literal(1), removes: z.string(), child: z.unknown() });

interface Removal {
  readonly removes: string;
  /** The child's record with the files into which the point was merged. */
  readonly child: BackupRecord;
}

/** A chain that this process holds. */
export interface HeldChain {
  readonly folder: string;
  /** Oldest first. */
  readonly points: readonly BackupRecord[];
  /** Checks right before a change for good that the chain is still held. */
  confirm(): Promise<void>;
}

/**
 * Removes the newest point of a chain: its record goes, and with it the point.
 *
 * @param point The last of the chain's points.
 */
export async function removeNewest(
  { folder, points, confirm }: HeldChain,
  point: BackupRecord,
): Promise<void> {
  await confirm();
  await removeFile(join(folder, recordFile(point.id)));
  await syncFolder(folder);
  const { file, sidecar, digests } = storedDiff(point);
  for (const name of [file, sidecar, digests]) await removeFile(join(folder, name));
  const left = points.slice(0, -1);
  if (left.length > 0) await describeChain(folder, left);
}

/**
 * Removes a point that another one builds on: its changes are merged into a new file of that child. The old files stay until
 * the new ones are whole, read back and equal, so that this needs room for them.
 *
 * @throws {CoppiceError} `IO` naming the file when one of the two is damaged: nothing is changed then; `NO_SPACE`
 */
export async function mergeIntoChild(
  chain: HeldChain,
  point: BackupRecord,
  child: BackupRecord,
  options: { readonly signal?: AbortSignal | undefined; readonly compression: number | undefined },
): Promise<void> {
  const { folder, confirm } = chain;
  const merged = await writeMerged(chain, point, child, options);
  const removal = { version: 1, removes: point.id, child: merged };
  await writeFileDurably(
    join(folder, removalFile),
    Buffer.from(`${JSON.stringify(removal, undefined, 2)}\n`),
    confirm,
  );
  await carryOut(folder, { removes: point.id, child: merged }, chain.points, confirm);
}

/** Writes the child's new files. @returns The child's new record. */
async function writeMerged(
  { folder, confirm }: HeldChain,
  point: BackupRecord,
  child: BackupRecord,
  {
    signal,
    compression,
  }: { readonly signal?: AbortSignal | undefined; readonly compression: number | undefined },
): Promise<BackupRecord> {
  const [older, newer] = [await readSidecar(folder, point), await readSidecar(folder, child)];
  const expected = mergeManifests([await readManifest(folder, point), await readManifest(folder, child)]);
  const names = dataFiles(child.id, versionOf(storedDiff(child)) + 1, compression !== undefined);
  const path = join(folder, names.diff);
  const { partial, content } = await withPoints(folder, [point, child], { signal }, async (diff) => {
    const measured = digesting(coalesce(encodeDiff(diff.header, diff.records)));
    const stored =
      compression === undefined ? measured.content : compressZstd(measured.content, { level: compression });
    const partial = await writePartial(path, stored, signal);
    return { partial, content: measured.digest() };
  });
  try {
    const { objectSize, size } = child;
    const found = await readBack(partial.name, { content, objectSize, size, isStored: partial }, signal);
    compare(path, expected, found);
    const { bytes, sha256 } = partial;
    await givePartialItsName(partial.name, path, confirm);
    const sidecar: Sidecar = {
      ...newer,
      from: older.from,
      content,
      stored: compression === undefined ? null : { bytes, sha256, compression: "zstd" },
    };
    await writeFileDurably(join(folder, names.sidecar), Buffer.from(formatSidecar(sidecar)), confirm);
    const manifest = encodeManifest(expected);
    await writeFileDurably(join(folder, names.digests), manifest, confirm);
    const place = { kind: "diff", file: names.diff, sidecar: names.sidecar, digests: names.digests } as const;
    const stored = { ...place, bytes, sha256 };
    return { ...child, parent: point.parent, stored, digests: describeDigests(manifest) };
  } catch (error) {
    await removeFile(partial.name).catch(() => {});
    throw error;
  }
}

/**
 * The digests of the merged file must be those that the two points were committed with, wherever both speak of the same runs.
 *
 * @throws {CoppiceError} `IO`
 */
function compare(path: string, expected: DigestManifest, found: DigestManifest): void {
  const key = ({ block, runs }: { block: number; runs: readonly number[] }) => `${block}:${runs.join()}`;
  const digests = new Map(found.blocks.map((entry) => [key(entry), entry.digest]));
  for (const entry of expected.blocks) {
    const digest = digests.get(key(entry));
    if (digest === undefined || Buffer.compare(digest, entry.digest) === 0) continue;
    throw damaged(path, `differs from the digests of the points that were merged, in block ${entry.block}`);
  }
}

/** Carries out a removal that is decided. Each step may have been done before. */
async function carryOut(
  folder: string,
  { removes, child }: Removal,
  points: readonly BackupRecord[],
  confirm: () => Promise<void>,
): Promise<void> {
  await writeFileDurably(join(folder, recordFile(child.id)), encodeBackupRecord(child), confirm);
  await confirm();
  await removeFile(join(folder, recordFile(removes)));
  await syncFolder(folder);
  const left = points.flatMap((point) => {
    if (point.id === removes) return [];
    return [point.id === child.id ? child : point];
  });
  await describeChain(folder, left);
  const old = points.filter(({ id }) => id === removes || id === child.id).map((point) => storedDiff(point));
  const kept = storedDiff(child);
  for (const { file, sidecar, digests } of old) {
    if (file === kept.file) continue;
    for (const name of [file, sidecar, digests]) await removeFile(join(folder, name));
  }
  await confirm();
  await removeFile(join(folder, removalFile));
  await syncFolder(folder);
}

/**
 * Carries out the removal that an interrupted process had decided.
 *
 * @returns Whether there was one.
 * @throws {CoppiceError} `UNSUPPORTED` when what it left cannot be read
 */
export async function finishRemoval({ folder, points, confirm }: HeldChain): Promise<boolean> {
  const path = join(folder, removalFile);
  const bytes = await readIfThere(path);
  if (bytes === undefined) return false;
  const removal = decodeRemoval(path, bytes);
  const problem = await missingFile(folder, removal.child);
  if (problem !== undefined) throw problem;
  await carryOut(folder, removal, points, confirm);
  return true;
}

function decodeRemoval(path: string, bytes: Buffer): Removal {
  try {
    const { removes, child } = removalSchema.parse(JSON.parse(bytes.toString("utf8")));
    return { removes, child: decodeBackupRecord(path, Buffer.from(JSON.stringify(child))) };
  } catch (cause) {
    throw new CoppiceError({
      code: "UNSUPPORTED",
      call: "finishRemoval",
      object: path,
      message: `the interrupted removal in ${path} cannot be read`,
      hint: "A newer version of Coppice may have written it. Use that version.",
      cause,
    });
  }
}
