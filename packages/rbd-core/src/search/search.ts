import { z } from "zod";
import { CoppiceError } from "../errors/index.ts";
import { type ImageFeature, imageFeatures } from "../image/index.ts";
import type { ForestNode } from "../inventory/index.ts";

/**
 * The kinds of images:
 * - `roots`: readable images that are not clones.
 * - `clones`: images with a parent, even if it is not in the inventory.
 * - `trash`: images in the trash.
 * - `problems`: images that are unreadable, on which an operation was interrupted, or that have the mark `orphan`, `parent-in-trash` or `deep`. A flatten candidate is
 *   only a suggestion, and an invalid object map costs time but no data: search for those by `problem`.
 */
export const searchKinds = ["all", "roots", "clones", "trash", "problems"] as const;
export type SearchKind = (typeof searchKinds)[number];

/** A single problem of an image: its state, a mark of the forest, or an invalid object map or fast-diff of HEAD. */
export const searchProblems = [
  "unreadable",
  "orphan",
  "deep",
  "flatten-candidate",
  "parent-in-trash",
  "object-map-invalid",
] as const;
export type SearchProblem = (typeof searchProblems)[number];

/** The fields to sort by, before the name. An unreadable image counts as 0, an unknown time as the oldest. */
export const searchSorts = ["name", "size", "snapshots", "children", "depth", "created"] as const;
export type SearchSort = (typeof searchSorts)[number];

/** The filters of a search; an image has to pass all of them. An unreadable image passes no filter on features, size or time. */
export interface ImageSearch {
  /** Words that all occur in the spec, ignoring case. */
  text?: string | undefined;
  pool?: string | undefined;
  /** `""` is the default namespace. Default: all namespaces. */
  namespace?: string | undefined;
  /** Default `all`. */
  kind?: SearchKind | undefined;
  /** Only direct clones of this image: its spec or key. If two images have the spec, the one that is not in the trash. */
  parent?: string | undefined;
  /** With `parent`: all clones below it, not only the direct ones. */
  descendants?: boolean | undefined;
  feature?: ImageFeature | undefined;
  /** Bytes, inclusive. */
  minSize?: number | undefined;
  /** Bytes, inclusive. */
  maxSize?: number | undefined;
  /** Created at this time or later. */
  createdAfter?: Date | undefined;
  /** Created before this time. */
  createdBefore?: Date | undefined;
  problem?: SearchProblem | undefined;
  /** Default: by name, ascending. Equal images are sorted by name, in the same direction. */
  sort?: { by: SearchSort; dir?: "asc" | "desc" | undefined } | undefined;
  /** `nextCursor` of the previous page. Valid for the same filters and order; the limit may differ. */
  cursor?: string | undefined;
  /** The maximal number of rows of a page. Default 100. */
  limit?: number | undefined;
}

/** One page of results. */
export interface ImageSearchPage {
  rows: ForestNode[];
  /** The number of images in the forest. */
  total: number;
  /** The number of images that pass the filters, on all pages. */
  filtered: number;
  /** `null` on the last page. */
  nextCursor: string | null;
}

const feature = z.custom<ImageFeature>(
  (name) => typeof name === "string" && Object.hasOwn(imageFeatures, name),
  {
    error: "no feature of this name",
  },
);

const schema = z
  .strictObject({
    text: z.string().optional(),
    pool: z.string().optional(),
    namespace: z.string().optional(),
    kind: z.enum(searchKinds).default("all"),
    parent: z.string().optional(),
    descendants: z.boolean().default(false),
    feature: feature.optional(),
    minSize: z.int().min(0).optional(),
    maxSize: z.int().min(0).optional(),
    createdAfter: z.date().optional(),
    createdBefore: z.date().optional(),
    problem: z.enum(searchProblems).optional(),
    sort: z
      .strictObject({ by: z.enum(searchSorts), dir: z.enum(["asc", "desc"]).default("asc") })
      .default({ by: "name", dir: "asc" }),
    cursor: z.string().optional(),
    limit: z.int().min(1).default(100),
  })
  .refine(({ minSize, maxSize }) => minSize === undefined || maxSize === undefined || minSize <= maxSize, {
    path: ["minSize"],
    error: "above maxSize",
  })
  .refine(
    ({ createdAfter, createdBefore }) =>
      createdAfter === undefined || createdBefore === undefined || createdAfter < createdBefore,
    { path: ["createdAfter"], error: "not before createdBefore" },
  )
  .refine(({ parent, descendants }) => parent !== undefined || !descendants, {
    path: ["descendants"],
    error: "requires parent",
  });

/** A search with its defaults filled in. */
export type CheckedSearch = z.output<typeof schema>;

/** @throws {CoppiceError} `INVALID_ARGUMENT` for a filter that is unknown, invalid, or that no image can pass */
export function checkSearch(search: ImageSearch): CheckedSearch {
  const checked = schema.safeParse(search);
  if (checked.success) return checked.data;
  const problems = checked.error.issues.map(({ path, message }) => [...path, message].join(": "));
  throw new CoppiceError({
    code: "INVALID_ARGUMENT",
    call: "searchImages",
    message: `the search is invalid: ${problems.join("; ")}`,
    hint: "Correct these filters or leave them out.",
    cause: checked.error,
  });
}
