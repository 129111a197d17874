import { open, rename } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Replaces a file in one step, for its owner's eyes only (0600). After a crash, even of the machine, it
 * holds either the old text or the new one; when this returns, the new one.
 */
export async function writeFileAtomically(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`;
  const file = await open(temporary, "w", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  const folder = await open(dirname(path));
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
