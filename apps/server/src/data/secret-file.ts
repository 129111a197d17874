import { randomBytes } from "node:crypto";
import { link, open, readFile, rm } from "node:fs/promises";

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
