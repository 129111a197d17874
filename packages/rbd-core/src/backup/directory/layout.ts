import { join } from "node:path";
import { z } from "zod";
import { CoppiceError } from "../../errors/index.ts";
import type { BackupRecord, StoredPoint } from "../backup-record.ts";
import type { SourceImage } from "../backup-target.ts";

/** The names of everything in a backup directory: docs/backup-format.md is normative. */
export const markerFile = "coppice-backups.json";
export const readmeFile = "README.md";
export const sumsFile = "SHA256SUMS";
export const removalFile = "removal.json";
const recordSuffix = ".record.json";

/** What the marker holds: a folder without it is no backup directory, or its file system is not mounted. */
export const markerSchema = z.object({ format: z.literal("coppice backups"), version: z.literal(1) });

/** Where a directory keeps a point's data: the variant of {@link StoredPoint} that it writes. */
export type StoredDiff = Extract<StoredPoint, { kind: "diff" }>;

const chainPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,200}$/;

/**
 * The folder of a chain. Its name comes from a caller or a record, so it must not lead elsewhere.
 *
 * @throws {CoppiceError} `INVALID_NAME`
 */
export function chainFolder(root: string, chain: string): string {
  if (chainPattern.test(chain)) return join(root, chain);
  throw new CoppiceError({
    code: "INVALID_NAME",
    call: "chainFolder",
    object: chain,
    message: `${JSON.stringify(chain)} is no name of a chain in a directory`,
    hint: "Take the chain's name from the list of backups.",
  });
}

export const isChainName = (name: string) => chainPattern.test(name) && !name.includes(".partial");

/** The name of a new chain: the image's, as far as a file name can hold it, and the id of its first backup. */
export function chainNameOf(imageName: string, backupId: string): string {
  const readable = imageName.replaceAll(/[^A-Za-z0-9._-]/g, "_").slice(0, 100);
  return `${/^[A-Za-z0-9]/.test(readable) ? readable : `i${readable}`}.${backupId}`;
}

export const recordFile = (id: string) => `${id}${recordSuffix}`;

/** The backup whose record has this file name; undefined for any other file. */
export function idOfRecordFile(name: string): string | undefined {
  return name.endsWith(recordSuffix) ? name.slice(0, -recordSuffix.length) : undefined;
}

/** The files of a point's data. Merging a removed point into its child makes a new version of the child's files. */
export function dataFiles(id: string, version: number, compressed: boolean) {
  const start = `${id}.${version}`;
  return {
    diff: `${start}.diff${compressed ? ".zst" : ""}`,
    sidecar: `${start}.sidecar.json`,
    digests: `${start}.digests`,
  };
}

const dataPattern = /^([a-z0-9-]+)\.(\d{1,9})\.(?:diff|diff\.zst|sidecar\.json|digests)$/;
const partialPattern = /^(?:[a-z0-9-]+\..+|README\.md|SHA256SUMS|removal\.json)\.[0-9a-f]{8}\.partial$/;

/** The backup that a data file belongs to, by its name; undefined for a file of any other kind. */
export function idOfDataFile(name: string): string | undefined {
  return dataPattern.exec(name)?.[1];
}

/** Whether a file is one that a writer of this format had not finished. */
export const isPartialFile = (name: string) => partialPattern.test(name);

/** The version of a point's files. */
export function versionOf({ file }: StoredDiff): number {
  return Number(dataPattern.exec(file)?.[2] ?? 0);
}

/**
 * Where a record says that the point's files are.
 *
 * @throws {CoppiceError} `UNSUPPORTED` for a point that is not in a directory, or whose files are named otherwise
 */
export function storedDiff({ id, stored }: Pick<BackupRecord, "id" | "stored">): StoredDiff {
  if (stored.kind === "diff") {
    const names = [stored.file, stored.sidecar, stored.digests];
    if (names.every((name) => dataPattern.exec(name)?.[1] === id)) return stored;
  }
  throw new CoppiceError({
    code: "UNSUPPORTED",
    call: "storedDiff",
    object: id,
    message: `the record of the backup ${id} does not name the files of a directory`,
    hint: "Use the target and the version of Coppice that wrote it.",
  });
}

/** The folder whose entries are the names of an image's chains. */
export function sourceFolder(root: string, { fsid, poolId, imageId }: SourceImage): string {
  return join(root, ".sources", `${fsid}.${poolId}.${imageId.replaceAll(/[^A-Za-z0-9_-]/g, "_")}`);
}

export const lockFolder = (root: string) => join(root, ".locks");
