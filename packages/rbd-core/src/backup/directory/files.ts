import { createHash, randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { constants } from "node:os";
import { basename, dirname } from "node:path";
import { codeOf } from "rbd-native";
import { CoppiceError, hasCode } from "../../errors/index.ts";
import type { ByteSource } from "../../formats/index.ts";

/** What is still being written ends in this. Nothing reads such a file. */
export const partialSuffix = ".partial";

/** Only the owner reads backups: they hold everything that the disks hold. */
const fileMode = 0o600;
const folderMode = 0o700;

/** How long a file is, and the SHA-256 of its bytes in hexadecimal. */
export interface FileDigest {
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * Runs `action` and converts the file system's errors.
 *
 * @throws {CoppiceError} `NOT_FOUND`, `NO_SPACE`, `QUOTA_EXCEEDED`, `PERMISSION_DENIED`, `READ_ONLY`, `IO`, …
 */
export async function withFileErrors<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw toFileError(error, path);
  }
}

function toFileError(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || error instanceof CoppiceError) return error;
  const { code: name, syscall } = error as NodeJS.ErrnoException;
  if (syscall === undefined || name === undefined) return error;
  const errno = constants.errno[name as keyof typeof constants.errno] ?? 0;
  const code = codeOf(errno);
  return new CoppiceError({
    code: code === "UNKNOWN" ? "IO" : code,
    errno,
    call: syscall,
    object: path,
    message: `${path}: ${error.message}`,
    hint: hints[name],
    cause: error,
  });
}

const hints: Readonly<Record<string, string>> = {
  ENOSPC: "Free space on the file system. What was complete before is still complete.",
  EDQUOT: "Raise the quota. What was complete before is still complete.",
  ENOENT: "Check the path, and whether its file system is mounted.",
  EACCES: "Give this user access to the directory.",
  EROFS: "The file system is mounted read-only.",
  ESTALE: "The server has lost the file. Mount the file system again.",
};

/** The names in a folder; none when the folder does not exist. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return await withFileErrors(folder, () => readdir(folder));
  } catch (error) {
    if (hasCode(error, "NOT_FOUND")) return [];
    throw error;
  }
}

/** The bytes of a small file; undefined when it does not exist. */
export async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await withFileErrors(path, () => readFile(path));
  } catch (error) {
    if (hasCode(error, "NOT_FOUND")) return undefined;
    throw error;
  }
}

/** Makes a folder and those above it, and what is needed so that it is there after a power failure. */
export async function makeFolder(path: string): Promise<void> {
  await withFileErrors(path, async () => {
    const first = await mkdir(path, { recursive: true, mode: folderMode });
    if (first !== undefined) await syncFolder(dirname(first));
  });
}

/** Makes what was renamed or removed in a folder survive a power failure. */
export async function syncFolder(path: string): Promise<void> {
  await withFileErrors(path, async () => {
    await using folder = await open(path, "r");
    await folder.sync();
  });
}

/** Removes a file if it is there. Not yet durable: see {@link syncFolder}. */
export async function removeFile(path: string): Promise<void> {
  await withFileErrors(path, () => rm(path, { force: true }));
}

/** Makes a file whose name is all that it says. It may be there already. */
export async function makeEmptyFile(path: string): Promise<void> {
  await withFileErrors(path, async () => {
    const file = await open(path, "a", fileMode);
    await file.close();
  });
  await syncFolder(dirname(path));
}

/**
 * Replaces a small file, or makes it. Whoever reads it, also after a crash, finds the old bytes or the new ones.
 *
 * @param beforeRename Called when everything is on the disk, right before the file gets its name.
 */
export async function writeFileDurably(
  path: string,
  bytes: Uint8Array,
  beforeRename?: () => Promise<void>,
): Promise<void> {
  const { name } = await writePartial(path, [bytes]);
  await givePartialItsName(name, path, beforeRename);
}

/**
 * Writes a stream to a file that does not have its name yet: see {@link givePartialItsName}. What was written is flushed. When
 * it fails, nothing is left.
 *
 * @returns The file's path for now, and what was written.
 */
export async function writePartial(
  path: string,
  source: ByteSource,
  signal?: AbortSignal,
): Promise<FileDigest & { readonly name: string }> {
  // The random part keeps a process that lost its lock from touching what its successor writes.
  const name = `${path}.${randomUUID().slice(0, 8)}${partialSuffix}`;
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    await using file = await withFileErrors(path, () => open(name, "wx", fileMode));
    for await (const chunk of source) {
      signal?.throwIfAborted();
      hash.update(chunk);
      await withFileErrors(path, () => writeAll(file, chunk, bytes));
      bytes += chunk.length;
    }
    signal?.throwIfAborted();
    await withFileErrors(path, () => file.sync());
  } catch (error) {
    // On a full disk even this may fail. What is left is never read, and the next writer removes it.
    await removeFile(name).catch(() => {});
    throw error;
  }
  return { name, bytes, sha256: hash.digest("hex") };
}

/** Writes all of a chunk at an offset: one call of the system may write less. */
export async function writeAll(file: FileHandle, chunk: Uint8Array, offset: number): Promise<void> {
  for (let done = 0; done < chunk.length; ) {
    const { bytesWritten } = await file.write(chunk, done, chunk.length - done, offset + done);
    done += bytesWritten;
  }
}

export async function givePartialItsName(
  partial: string,
  path: string,
  beforeRename?: () => Promise<void>,
): Promise<void> {
  try {
    await beforeRename?.();
    await withFileErrors(path, () => rename(partial, path));
  } catch (error) {
    await removeFile(partial).catch(() => {});
    throw error;
  }
  await syncFolder(dirname(path));
}

/** How a file is read. */
export interface ReadVerifiedOptions {
  /** How many bytes are read at a time; 1 MiB without it. */
  readonly chunkSize?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The bytes of a file, which must be those that were written: the last step throws when they are not.
 *
 * @throws {CoppiceError} `NOT_FOUND`; `IO` when the file is shorter, longer or different
 */
export async function* readVerified(
  path: string,
  { bytes, sha256 }: FileDigest,
  { chunkSize = 1024 ** 2, signal }: ReadVerifiedOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  await using file = await withFileErrors(path, () => open(path, "r"));
  const { size } = await withFileErrors(path, () => file.stat());
  if (size !== bytes) throw damaged(path, `has ${size} bytes and should have ${bytes}`);
  const hash = createHash("sha256");
  let offset = 0;
  for (;;) {
    signal?.throwIfAborted();
    // Not used again: whoever reads may keep a part of it.
    const chunk = Buffer.allocUnsafeSlow(Math.max(1, Math.min(chunkSize, bytes - offset)));
    const { bytesRead } = await withFileErrors(path, () => file.read(chunk, 0, chunk.length, offset));
    if (bytesRead === 0) break;
    offset += bytesRead;
    const read = chunk.subarray(0, bytesRead);
    hash.update(read);
    if (offset > bytes) break;
    yield read;
  }
  if (offset !== bytes) throw damaged(path, `changed while it was read`);
  if (hash.digest("hex") !== sha256)
    throw damaged(path, "holds other bytes than were written to it (SHA-256)");
}

export function damaged(path: string, problem: string, cause?: unknown): CoppiceError {
  return new CoppiceError({
    code: "IO",
    call: "readVerified",
    object: path,
    message: `the file ${basename(path)} ${problem}`,
    hint: "It is damaged. Restore an earlier point, or put back a good copy of the file.",
    cause,
  });
}
