import { createHash } from "node:crypto";
import { z } from "zod";
import { packCursor, staleCursor, unpackCursor } from "../paging/cursor.ts";
import type { ImageListInput, ImageListPage } from "../procedures/images/list.schema.ts";
import type { Catalog, CatalogRow } from "./catalog.ts";
import { compareNames, type Named } from "./compare-names.ts";
import { matcher } from "./match-row.ts";
import { sortedRows, sortValue } from "./sort-rows.ts";

/** Which list it is a position in, and the last row before it: its sort value, name, spec and key. */
const position = z.tuple([z.string(), z.number(), z.string(), z.string(), z.string()]);

/**
 * One page of the catalog. A cursor says after which row to go on, not how many to skip: when images come or go
 * between two pages, no other image is shown twice or left out.
 *
 * @throws {ServerError} `STALE_CURSOR` when the cursor belongs to another filter or sort.
 */
export function listImages(catalog: Catalog, input: ImageListInput): Omit<ImageListPage, "scanProblems"> {
  const matches = matcher(input);
  const found = sortedRows(catalog, input.sort).filter(matches);
  const list = listId(input);
  const from = input.cursor === undefined ? 0 : startAfter(found, input, list, input.cursor);
  const rows = found.slice(from, from + input.limit);
  const last = rows.at(-1);
  const more = from + rows.length < found.length && last !== undefined;
  return {
    rows: rows.map((row) => row.view),
    total: catalog.rows.length,
    filtered: found.length,
    nextCursor: more ? cursorAt(last, input, list) : null,
    scannedAt: catalog.scannedAt,
  };
}

function cursorAt(row: CatalogRow, { sort }: ImageListInput, list: string): string {
  const { name, spec, key } = row.view;
  return packCursor([list, sortValue(row, sort.by), name, spec, key]);
}

function startAfter(
  found: readonly CatalogRow[],
  { sort }: ImageListInput,
  list: string,
  cursor: string,
): number {
  const [ofList, value, name, spec, key] = unpackCursor(cursor, position);
  if (ofList !== list) throw staleCursor();
  const turn = sort.dir === "asc" ? 1 : -1;
  const last: Named = { name, spec, key };
  let low = 0;
  let high = found.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const row = found[middle];
    if (row === undefined) break;
    const order = turn * (sortValue(row, sort.by) - value) || turn * compareNames(row.view, last);
    if (order > 0) high = middle;
    else low = middle + 1;
  }
  return low;
}

function listId({ search, pool, namespace, kind, sort }: ImageListInput): string {
  const text = JSON.stringify([search ?? null, pool ?? null, namespace ?? null, kind, sort.by, sort.dir]);
  return createHash("sha256").update(text).digest("base64url").slice(0, 12);
}
