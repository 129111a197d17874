import type { ZodType } from "zod";
import { ServerError } from "../errors/server-error.ts";

/** Packs where a page ended into text without meaning to the client. */
export function packCursor(position: unknown): string {
  return Buffer.from(JSON.stringify(position)).toString("base64url");
}

/** Reads a cursor. @throws {ServerError} `STALE_CURSOR` when it is none, or not one of this list. */
export function unpackCursor<T>(text: string, position: ZodType<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
  } catch (cause) {
    throw staleCursor(cause);
  }
  const parsed = position.safeParse(value);
  if (!parsed.success) throw staleCursor(parsed.error);
  return parsed.data;
}

/** For a cursor that does not belong to the list it is used on. */
export function staleCursor(cause?: unknown): ServerError {
  return new ServerError("STALE_CURSOR", "This is not the next page of the list you are asking for.", {
    hint: "Start again from the first page.",
    cause,
  });
}
