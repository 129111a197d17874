import type { Image } from "rbd-native";
import type { z } from "zod";
import { CoppiceError, hasCode } from "../errors/index.ts";
import type { HeaderChange } from "./header-changes.ts";

/** The most bytes of a note unless it allows more. */
const defaultMaxBytes = 64 * 1024;

interface NoteDefinition<Value> {
  /** The metadata key, which begins with `coppice.`. */
  readonly key: string;
  /** A strict object with the literal version that this code writes. */
  readonly schema: z.ZodType<Value>;
  /** What the note is, with its article, for messages: "a request to flatten". */
  readonly what: string;
  /**
   * What a note means that does not match the schema: text that is not JSON, another shape, a later version.
   *
   * - `ignore`: the same as no note. For notes without which the safe course is taken: an image without its note is not
   *   continued, overwritten or removed.
   * - `refuse`: an error that names the image, the key and the text, and how to remove it. For notes that record what a
   *   user asked for, which must not be lost in silence.
   */
  readonly ifUnreadable: "ignore" | "refuse";
  /** The most bytes of the note as JSON. 64 KiB without it. */
  readonly maxBytes?: number | undefined;
}

/**
 * One kind of note that Coppice keeps in the metadata of an image, as JSON. A note lives and dies with the image that it
 * is about. It is read from a header that was read already, or through an open image; it is written through an open
 * image, or as one of several changes that are made to the header together.
 */
export interface ImageNote<Value> {
  readonly key: string;
  /**
   * @param text The metadata under the key, `undefined` when there is none.
   * @param object The image's spec, for the error.
   * @returns Undefined when there is no note, or an unreadable one of a kind that ignores those.
   * @throws {CoppiceError} `IO` for an unreadable note of a kind that refuses those
   */
  parse(text: string | undefined, object?: string): Value | undefined;
  /** Reads the note through an open image. (`rbd_metadata_get`) @throws RbdError; see {@link parse} */
  read(image: Image): Promise<Value | undefined>;
  /** Writes the note through an open image. (`rbd_metadata_set`) @throws RbdError; see {@link set} */
  write(image: Image, value: Value): Promise<void>;
  /** Removes the note through an open image, and says whether there was one. (`rbd_metadata_remove`) @throws RbdError */
  remove(image: Image): Promise<boolean>;
  /** The change to a header that writes the note. @throws {CoppiceError} `OUT_OF_RANGE` when it is too long */
  set(value: Value): HeaderChange;
  /** The change to a header that removes the note. */
  readonly unset: HeaderChange;
}

/**
 * Defines a kind of note.
 *
 * @example
 * const request = defineNote({
 *   key: "coppice.flatten",
 *   schema: z.strictObject({ version: z.literal(1), image: z.string() }),
 *   what: "a request to flatten",
 *   ifUnreadable: "refuse",
 * });
 * await request.write(image, { version: 1, image: image.id });
 */
export function defineNote<Value extends { readonly version: number }>(
  definition: NoteDefinition<Value>,
): ImageNote<Value> {
  const { key } = definition;
  return {
    key,
    parse: (text, object) => parseNote(definition, text, object),
    async read(image) {
      try {
        return parseNote(definition, await image.getMetadata(key), image.name);
      } catch (error) {
        if (hasCode(error, "NOT_FOUND")) return undefined;
        throw error;
      }
    },
    async write(image, value) {
      await image.setMetadata(key, formatNote(definition, value, image.name));
    },
    async remove(image) {
      try {
        await image.removeMetadata(key);
        return true;
      } catch (error) {
        if (hasCode(error, "NOT_FOUND")) return false;
        throw error;
      }
    },
    set: (value) => ({ type: "set", key, value: formatNote(definition, value, undefined) }),
    unset: { type: "remove", key },
  };
}

function parseNote<Value>(
  { key, schema, what, ifUnreadable }: NoteDefinition<Value>,
  text: string | undefined,
  object: string | undefined,
): Value | undefined {
  if (text === undefined) return undefined;
  const parsed = schema.safeParse(jsonOf(text));
  if (parsed.success) return parsed.data;
  if (ifUnreadable === "ignore") return undefined;
  const image = object ?? "the image";
  throw new CoppiceError({
    code: "IO",
    call: "readNote",
    object,
    message: `the metadata ${key} of ${image} is not ${what} that this version understands: ${JSON.stringify(text)}`,
    hint: `Use a newer version of Coppice, or remove it: rbd image-meta remove ${image} ${key}`,
    cause: parsed.error,
  });
}

/** @returns Undefined, which no schema of a note accepts, for text that is not JSON. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** A note that could not be read again is never written. */
function formatNote<Value>(
  { key, schema, what, maxBytes = defaultMaxBytes }: NoteDefinition<Value>,
  value: Value,
  object: string | undefined,
): string {
  const text = JSON.stringify(schema.parse(value));
  const bytes = Buffer.byteLength(text);
  if (bytes <= maxBytes) return text;
  throw new CoppiceError({
    code: "OUT_OF_RANGE",
    call: "writeNote",
    object,
    message: `${what} (metadata ${key}) takes ${bytes} bytes, and may take ${maxBytes}`,
    hint: "Reduce the number of snapshots, or shorten their names.",
  });
}
