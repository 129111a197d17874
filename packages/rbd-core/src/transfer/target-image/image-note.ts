import type { Image } from "rbd-native";
import type { z } from "zod";
import { hasCode } from "../../errors/to-coppice-error.ts";

/**
 * Reads what a transfer noted in an image's metadata, as JSON.
 *
 * @returns Undefined when nothing stands there, or something else than the schema says.
 * @throws RbdError
 */
export async function readNote<Note>(
  image: Image,
  key: string,
  schema: z.ZodType<Note>,
): Promise<Note | undefined> {
  try {
    return parseNote(await image.getMetadata(key), schema);
  } catch (error) {
    if (hasCode(error, "NOT_FOUND")) return undefined;
    throw error;
  }
}

/** The same of text that was read already; undefined where there was none. */
export function parseNote<Note>(text: string | undefined, schema: z.ZodType<Note>): Note | undefined {
  if (text === undefined) return undefined;
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

export async function writeNote(image: Image, key: string, note: object): Promise<void> {
  await image.setMetadata(key, JSON.stringify(note));
}

/** Idempotent. */
export async function removeNote(image: Image, key: string): Promise<void> {
  try {
    await image.removeMetadata(key);
  } catch (error) {
    if (!hasCode(error, "NOT_FOUND")) throw error;
  }
}
