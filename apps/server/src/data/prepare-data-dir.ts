import { mkdir } from "node:fs/promises";

/** Makes the data directory when it is not there yet, for its owner only. */
export async function prepareDataDir(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
}
