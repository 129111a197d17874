import {
  CoppiceError,
  type ImageFeature,
  type ImageSearch,
  type ImageSearchPage,
  imageFeatures,
  searchImages,
  searchKinds,
  searchProblems,
  searchSorts,
} from "rbd-core";
import { z } from "zod";
import { clusterId, rowErrorSchema } from "../api/schemas.ts";
import { staleCursor } from "../base/paging.ts";
import type { Catalog } from "./catalog.ts";
import { imageListRow, localName } from "./image-row.ts";

const features = Object.keys(imageFeatures) as ImageFeature[];
const moment = z.iso.datetime({ offset: true });

export const imageListInput = z
  .object({
    cluster: clusterId,
    /** Part of an image's spec, upper and lower case alike. */
    search: z.string().max(256).optional(),
    pool: z.string().max(256).optional(),
    /** "" is the default namespace; absent is every namespace. */
    namespace: z.string().max(256).optional(),
    kind: z.enum(searchKinds).default("all"),
    /** Spec or key of an image: only its direct clones. */
    parent: z.string().max(1024).optional(),
    /** With `parent`: everything below it. */
    descendants: z.boolean().optional(),
    feature: z.enum(features).optional(),
    /** Bytes, itself included. */
    minSize: z.int().min(0).optional(),
    /** Bytes, itself included. */
    maxSize: z.int().min(0).optional(),
    /** Created at this moment or later. */
    createdAfter: moment.optional(),
    /** Created before this moment. */
    createdBefore: moment.optional(),
    problem: z.enum(searchProblems).optional(),
    sort: z
      .object({
        by: z.enum(searchSorts),
        dir: z.enum(["asc", "desc"]),
      })
      .default({ by: "name", dir: "asc" }),
    /** `nextCursor` of the page before. Valid only for the same filter and sort. */
    cursor: z.string().max(1024).optional(),
    limit: z.int().min(1).max(500).default(100),
  })
  .refine(({ minSize, maxSize }) => minSize === undefined || maxSize === undefined || minSize <= maxSize, {
    path: ["minSize"],
    error: "minSize must not be above maxSize.",
  })
  .refine(
    ({ createdAfter, createdBefore }) =>
      createdAfter === undefined ||
      createdBefore === undefined ||
      Date.parse(createdAfter) < Date.parse(createdBefore),
    { path: ["createdAfter"], error: "createdAfter must be before createdBefore." },
  )
  .refine(({ parent, descendants }) => parent !== undefined || descendants !== true, {
    path: ["descendants"],
    error: "descendants needs parent.",
  });

/** What could not be read. `place` is a pool or `pool/namespace`; null when the whole scan failed and the rows are old. */
const scanProblem = z.object({ place: z.string().nullable(), error: rowErrorSchema });

export const imageListPage = z.object({
  cluster: clusterId,
  rows: z.array(imageListRow),
  /** Images known in all. */
  total: z.number(),
  /** Images that match the filter. */
  filtered: z.number(),
  nextCursor: z.string().nullable(),
  scannedAt: z.string(),
  scanProblems: z.array(scanProblem),
});

export type ImageListInput = z.output<typeof imageListInput>;
export type ImageListPage = z.output<typeof imageListPage>;

/**
 * One page of the catalog. A cursor names the row after which to continue, not how many rows to skip: when images
 * appear or disappear between two pages, no other image is shown twice or left out.
 *
 * @throws {ServerError} `STALE_CURSOR` when the cursor belongs to another filter or sort.
 * @throws {CoppiceError} `NOT_FOUND` when `parent` is no image of the catalog.
 */
export function listImages(catalog: Catalog, input: ImageListInput): Omit<ImageListPage, "scanProblems"> {
  const { rows, total, filtered, nextCursor } = find(catalog, input);
  return {
    cluster: catalog.cluster,
    rows: rows.flatMap(({ key }) => catalog.byKey.get(key)?.view ?? []),
    total,
    filtered,
    nextCursor,
    scannedAt: catalog.scannedAt,
  };
}

function find(catalog: Catalog, input: ImageListInput): ImageSearchPage {
  try {
    return searchImages(catalog.search, toSearch(input));
  } catch (error) {
    // The rest of the input is checked before it comes here: only the cursor can still be wrong.
    const wrong = error instanceof CoppiceError && error.code === "INVALID_ARGUMENT";
    if (wrong && input.cursor !== undefined) throw staleCursor(error);
    throw error;
  }
}

function toSearch(input: ImageListInput): ImageSearch {
  const { cluster, search, parent, createdAfter, createdBefore, ...rest } = input;
  return {
    ...rest,
    text: search,
    parent: parent === undefined ? undefined : localName(cluster, parent),
    createdAfter: dateOf(createdAfter),
    createdBefore: dateOf(createdBefore),
  };
}

function dateOf(iso: string | undefined): Date | undefined {
  return iso === undefined ? undefined : new Date(iso);
}
