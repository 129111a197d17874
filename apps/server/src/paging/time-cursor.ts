import { z } from "zod";
import { packCursor, unpackCursor } from "./cursor.ts";

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
