import { randomBytes } from "node:crypto";
import { closeSync, existsSync, openSync } from "node:fs";
import { link, mkdir, open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** Creates the data directory when it does not exist, readable by its owner only. */
export async function prepareDataDir(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
}

/** Another server uses the same data directory. */
export class DataDirInUseError extends Error {
  override readonly name = "DataDirInUseError";
}

/**
 * Locks the data directory against a second server, which would mark the running tasks of this one as interrupted.
 *
 * @throws {DataDirInUseError}
 */
export function lockDataDir(dir: string): Disposable {
  return lockFile(dir, "server.lock");
}

/**
 * Locks the data directory for `npm start` before it starts anything: a second one would take over the private cluster
 * of the first, and stop it at its end. A server that runs without `npm start` is respected too.
 *
 * @throws {DataDirInUseError}
 */
export function lockLauncher(dir: string): Disposable {
  const lock = lockFile(dir, "launcher.lock");
  try {
    if (existsSync(join(dir, "server.lock"))) lockDataDir(dir)[Symbol.dispose]();
    return lock;
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

/** The lock is SQLite's on an otherwise empty file, so the kernel frees it however this process ends. */
function lockFile(dir: string, name: string): Disposable {
  const file = join(dir, name);
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
 * Reads the secret kept in `file`, or creates it from `bytes` random bytes, readable by its owner only. The file is
 * never overwritten, and is created whole or not at all: two processes that start at once get the same secret.
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
  if (theirs === null) throw new Error(`${file} disappeared while it was read. Start the server again.`);
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
