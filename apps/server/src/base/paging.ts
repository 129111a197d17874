import { type ZodType, z } from "zod";
import { ServerError } from "./errors.ts";

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

const position = z.tuple([z.iso.datetime(), z.uuid()]);

/** A place in a list that goes from new to old: after the entry of this moment and id. */
export interface TimePosition {
  at: string;
  id: string;
}

function packTimeCursor({ at, id }: TimePosition): string {
  return packCursor([at, id]);
}

/** @throws {ServerError} `STALE_CURSOR` */
export function unpackTimeCursor(cursor: string): TimePosition {
  const [at, id] = unpackCursor(cursor, position);
  return { at, id };
}

/** Cuts `limit + 1` entries to a page, and says where the next one begins if there is one. */
export function pageByTime<T>(
  found: readonly T[],
  limit: number,
  positionOf: (entry: T) => TimePosition,
): { rows: T[]; nextCursor: string | null } {
  const rows = found.slice(0, limit);
  const last = rows.at(-1);
  const more = found.length > limit && last !== undefined;
  return { rows, nextCursor: more ? packTimeCursor(positionOf(last)) : null };
}
