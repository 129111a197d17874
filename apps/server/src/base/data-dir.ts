import { randomBytes } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import { link, mkdir, open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** Makes the data directory when it is not there yet, for its owner only. */
export async function prepareDataDir(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
}

/** Another server works with the same data directory. */
export class DataDirInUseError extends Error {
  override readonly name = "DataDirInUseError";
}

/**
 * Keeps a second server away from the data directory: it would take this one's running tasks for interrupted.
 * The lock is SQLite's on an otherwise empty file, so the kernel frees it however this process ends.
 *
 * @throws {DataDirInUseError}
 */
export function lockDataDir(dir: string): Disposable {
  const file = join(dir, "server.lock");
  closeSync(openSync(file, "a", 0o600));
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    database.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (error instanceof Error && /locked/.test(error.message)) {
      throw new DataDirInUseError(
        `Another Coppice server is running with the data directory ${dir}. ` +
          "Stop it, or give this one its own directory in COPPICE_DATA.",
        { cause: error },
      );
    }
    throw error;
  }
  return { [Symbol.dispose]: () => database.close() };
}

/**
 * The secret kept in `file`; made from `bytes` random bytes, for its owner's eyes only, when there is none yet.
 * Never overwrites: the file appears whole or not at all, and when two start at once both get the same secret.
 */
export async function secretFile(file: string, bytes: number): Promise<{ secret: string; created: boolean }> {
  const kept = await readSecret(file);
  if (kept !== null) return { secret: kept, created: false };

  const made = randomBytes(bytes).toString("base64url");
  const draft = `${file}.${process.pid}.${randomBytes(6).toString("hex")}`;
  const handle = await open(draft, "wx", 0o600);
  try {
    await handle.writeFile(`${made}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    await link(draft, file);
    return { secret: made, created: true };
  } catch (error) {
    if (!isCode(error, "EEXIST")) throw error;
  } finally {
    await rm(draft, { force: true });
  }
  const theirs = await readSecret(file);
  if (theirs === null) throw new Error(`${file} was there a moment ago and is gone`);
  return { secret: theirs, created: false };
}

async function readSecret(file: string): Promise<string | null> {
  let text: string;
  try {
    text = (await readFile(file, "utf8")).trim();
  } catch (error) {
    if (isCode(error, "ENOENT")) return null;
    throw error;
  }
  if (text.length < 12) {
    throw new Error(`${file} holds fewer than 12 characters. Put a longer secret there, or remove the file.`);
  }
  return text;
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
