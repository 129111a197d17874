import { z } from "zod";
import { ServerError } from "./errors.ts";

/** A position in a list from new to old: after the entry with this time and id. */
interface Position {
  at: string;
  id: string;
}

const position = z
  .tuple([z.iso.datetime(), z.string().min(1)])
  .transform(([at, id]): Position => ({ at, id }));

/** Cuts `limit + 1` entries to a page, and gives the cursor of the next one if there is one. */
export function cutPage<T>(
  found: readonly T[],
  limit: number,
  positionOf: (entry: T) => Position,
): { rows: T[]; nextCursor: string | null } {
  const rows = found.slice(0, limit);
  const last = rows.at(-1);
  const more = found.length > limit && last !== undefined;
  return { rows, nextCursor: more ? encodeCursor(positionOf(last)) : null };
}

/** A text that is opaque to the client. */
function encodeCursor({ at, id }: Position): string {
  return Buffer.from(JSON.stringify([at, id])).toString("base64url");
}

/** Reads what `cutPage` wrote. @throws {ServerError} `STALE_CURSOR` when the text is not such a cursor */
export function decodeCursor(cursor: string): Position {
  try {
    return position.parse(JSON.parse(Buffer.from(cursor, "base64url").toString("utf8")));
  } catch (cause) {
    throw staleCursor(cause);
  }
}

/** The error for a cursor that does not belong to the list it is used on. */
export function staleCursor(cause: unknown): ServerError {
  return new ServerError(
    "STALE_CURSOR",
    "The cursor does not belong to this list, or the list's filter or sort has changed.",
    { hint: "Start again from the first page.", cause },
  );
}
