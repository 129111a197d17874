import { createHash } from "node:crypto";
import { z } from "zod";
import { CoppiceError } from "../errors/index.ts";
import { compareText } from "../names/index.ts";
import type { CheckedSearch } from "./search.ts";
import { compareNames, type Named, type SearchEntry, sortValue } from "./search-index.ts";

/** The position of the last image of a page. The next page begins after it, even if that image does not exist any more. */
interface Position extends Named {
  /** The number that the list is sorted by. */
  value: number;
}

/** The list, and the position in it. */
const cursorContent = z.tuple([z.string(), z.number(), z.string(), z.string(), z.string()]);

/** Encodes a position in a list as an opaque text. */
export function encodeCursor(list: string, { value, name, spec, key }: Position): string {
  return encode([list, value, name, spec, key]);
}

/** @throws {CoppiceError} `INVALID_ARGUMENT` unless it is a cursor of this list */
export function decodeCursor(list: string, cursor: string): Position {
  let content: unknown;
  try {
    content = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
  } catch (cause) {
    throw wrongCursor(cause);
  }
  const parsed = cursorContent.safeParse(content);
  if (!parsed.success) throw wrongCursor(parsed.error);
  const [ofList, value, name, spec, key] = parsed.data;
  // Several texts decode to the same bytes, since base64 is decoded leniently: only one of them is the cursor.
  if (ofList !== list || encode(parsed.data) !== cursor) throw wrongCursor();
  return { value, name, spec, key };
}

/**
 * Identifies the list that results from these filters and this order. The page size makes no difference.
 *
 * @param parentKey key of the image that `parent` names, so that naming it by spec or by key gives the same list
 */
export function listId(search: CheckedSearch, parentKey: string | null): string {
  const { cursor: _, limit: __, parent: ___, ...list } = search;
  const fields = Object.entries({ ...list, parentKey }).filter(([, value]) => value !== undefined);
  const text = JSON.stringify(fields.sort(([a], [b]) => compareText(a, b)));
  return createHash("sha256").update(text).digest("base64url").slice(0, 12);
}

function encode(content: z.output<typeof cursorContent>): string {
  return Buffer.from(JSON.stringify(content)).toString("base64url");
}

function wrongCursor(cause?: unknown): CoppiceError {
  return new CoppiceError({
    code: "INVALID_ARGUMENT",
    call: "searchImages",
    message: "the cursor belongs to another search",
    hint: "Use a cursor with the filters and the order that it came from, or start with the first page.",
    cause,
  });
}

type Sort = CheckedSearch["sort"];

export function positionOf({ node, name, spec, key }: SearchEntry, { by }: Sort): Position {
  return { value: sortValue(node, by), name, spec, key };
}

/** The index of the first entry after a position. `found` is in the order of `sort`. */
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
