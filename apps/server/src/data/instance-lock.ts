import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

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
