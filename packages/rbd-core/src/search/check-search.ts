import { z } from "zod";
import { CoppiceError } from "../errors/coppice-error.ts";
import { type ImageFeature, imageFeatures } from "../image/features.ts";
import { type ImageSearch, searchKinds, searchProblems, searchSorts } from "./search-types.ts";

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
