import { createHash } from "node:crypto";
import { z } from "zod";
import { CoppiceError } from "../errors/index.ts";
import type { CheckedSearch } from "./search.ts";
import { compareNames, type Named, type SearchEntry, sortValue } from "./search-index.ts";

/** The last row of a page: what comes after it is the next page, whatever came or went meanwhile. */
interface Position extends Named {
  /** What it was sorted by. */
  value: number;
}

/** Which list it is a position in, then the position. */
const packed = z.tuple([z.string(), z.number(), z.string(), z.string(), z.string()]);

/** Writes where a page ended as text without meaning to the reader. */
export function packCursor(list: string, { value, name, spec, key }: Position): string {
  return encode([list, value, name, spec, key]);
}

/** @throws {CoppiceError} `INVALID_ARGUMENT` when it is no cursor, or not one of this list. */
export function unpackCursor(list: string, cursor: string): Position {
  let content: unknown;
  try {
    content = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
  } catch (cause) {
    throw wrongCursor(cause);
  }
  const parsed = packed.safeParse(content);
  if (!parsed.success) throw wrongCursor(parsed.error);
  const [ofList, value, name, spec, key] = parsed.data;
  // Base64 is read leniently: only what was written exactly so is a cursor.
  if (ofList !== list || encode(parsed.data) !== cursor) throw wrongCursor();
  return { value, name, spec, key };
}

/**
 * Names the list that these filters and this sort make. How many rows a page has makes no difference.
 *
 * @param parentKey key of the image that `parent` stands for: by spec or by key, it is the same list.
 */
export function listId(search: CheckedSearch, parentKey: string | null): string {
  const { cursor: _, limit: __, parent: ___, ...list } = search;
  const fields = Object.entries({ ...list, parentKey }).filter(([, value]) => value !== undefined);
  const text = JSON.stringify(fields.sort(([a], [b]) => (a < b ? -1 : 1)));
  return createHash("sha256").update(text).digest("base64url").slice(0, 12);
}

function encode(content: z.output<typeof packed>): string {
  return Buffer.from(JSON.stringify(content)).toString("base64url");
}

function wrongCursor(cause?: unknown): CoppiceError {
  return new CoppiceError({
    code: "INVALID_ARGUMENT",
    call: "searchImages",
    message: "the cursor is not of this search, with these filters and this sort",
    hint: "Start again from the first page.",
    cause,
  });
}

type Sort = CheckedSearch["sort"];

export function positionOf({ node, name, spec, key }: SearchEntry, { by }: Sort): Position {
  return { value: sortValue(node, by), name, spec, key };
}

/** Index of the first entry after a position; the entry that was there may be gone. `found` is in the order of `sort`. */
export function firstAfter(found: readonly SearchEntry[], { by, dir }: Sort, position: Position): number {
  const turn = dir === "asc" ? 1 : -1;
  let low = 0;
  let high = found.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const entry = found[middle];
    if (entry === undefined) break;
    const order = turn * (sortValue(entry.node, by) - position.value) || turn * compareNames(entry, position);
    if (order > 0) high = middle;
    else low = middle + 1;
  }
  return low;
}
