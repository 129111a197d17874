import { z } from "zod";
import { packCursor, unpackCursor } from "../paging/cursor.ts";

const position = z.tuple([z.iso.datetime(), z.uuid()]);

/** Where a page of tasks ended: at this one. */
export function encodeCursor(task: { createdAt: string; id: string }): string {
  return packCursor([task.createdAt, task.id]);
}

/** @throws {ServerError} `STALE_CURSOR` */
export function decodeCursor(cursor: string): { createdAt: string; id: string } {
  const [createdAt, id] = unpackCursor(cursor, position);
  return { createdAt, id };
}
