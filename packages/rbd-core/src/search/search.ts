import { z } from "zod";
import { CoppiceError } from "../errors/index.ts";
import { type ImageFeature, imageFeatures } from "../image/index.ts";
import type { ForestNode } from "../inventory/index.ts";

/**
 * - `roots`: read, and not a clone.
 * - `clones`: has a parent, wherever that is.
 * - `trash`: in the trash.
 * - `problems`: unreadable, or marked `orphan`, `parent-in-trash` or `deep`. A flatten candidate is only a
 *   suggestion, and an invalid object map costs time but no data: ask for those by `problem`.
 */
export const searchKinds = ["all", "roots", "clones", "trash", "problems"] as const;
export type SearchKind = (typeof searchKinds)[number];

/** One thing wrong with an image: its state, one of the forest's marks, or a flag of HEAD's object map or fast-diff. */
export const searchProblems = [
  "unreadable",
  "orphan",
  "deep",
  "flatten-candidate",
  "parent-in-trash",
  "object-map-invalid",
] as const;
export type SearchProblem = (typeof searchProblems)[number];

/** What images are sorted by, before their names. An unreadable image counts as 0, an unknown time as the oldest. */
export const searchSorts = ["name", "size", "snapshots", "children", "depth", "created"] as const;
export type SearchSort = (typeof searchSorts)[number];

/** What to look for. Every filter given must hold. An unreadable image has no feature, size or time to pass one. */
export interface ImageSearch {
  /** Words, each of which is somewhere in the spec, upper and lower case alike. */
  text?: string | undefined;
  pool?: string | undefined;
  /** `""` is the default namespace; absent is every namespace. */
  namespace?: string | undefined;
  /** Default `all`. */
  kind?: SearchKind | undefined;
  /** Spec or key of an image of the forest: only its direct clones. Of a spec in use twice, the one not in the trash. */
  parent?: string | undefined;
  /** With `parent`: everything below it, not only the direct clones. */
  descendants?: boolean | undefined;
  feature?: ImageFeature | undefined;
  /** Bytes, itself included. */
  minSize?: number | undefined;
  /** Bytes, itself included. */
  maxSize?: number | undefined;
  /** Created at this moment or later. */
  createdAfter?: Date | undefined;
  /** Created before this moment. */
  createdBefore?: Date | undefined;
  problem?: SearchProblem | undefined;
  /** Default by name, ascending. Equal ones by name, in the same direction. */
  sort?: { by: SearchSort; dir?: "asc" | "desc" | undefined } | undefined;
  /** `nextCursor` of the page before. Only good for the same filters and sort; the limit may differ. */
  cursor?: string | undefined;
  /** How many rows a page has at most. Default 100. */
  limit?: number | undefined;
}

export interface ImageSearchPage {
  rows: ForestNode[];
  /** Images in the forest. */
  total: number;
  /** Images that pass the filters, on all pages. */
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
    error: "of which image? parent is missing",
  });

/** A search with its defaults filled in. */
export type CheckedSearch = z.output<typeof schema>;

/** @throws {CoppiceError} `INVALID_ARGUMENT` for a filter that is unknown, is none, or that no image could pass. */
export function checkSearch(search: ImageSearch): CheckedSearch {
  const checked = schema.safeParse(search);
  if (checked.success) return checked.data;
  const problems = checked.error.issues.map(({ path, message }) => [...path, message].join(": "));
  throw new CoppiceError({
    code: "INVALID_ARGUMENT",
    call: "searchImages",
    message: `this cannot be searched for: ${problems.join("; ")}`,
    hint: "Correct or leave out what is named.",
    cause: checked.error,
  });
}
