import { type ImageFeature, imageFeatures, searchKinds, searchProblems, searchSorts } from "rbd-core";
import { z } from "zod";

const features = Object.keys(imageFeatures) as ImageFeature[];
const moment = z.iso.datetime({ offset: true });

export const imageListInput = z
  .object({
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
    /** `nextCursor` of the page before. Only good for the same filter and sort. */
    cursor: z.string().max(1024).optional(),
    limit: z.int().min(1).max(500).default(100),
  })
  .refine(({ minSize, maxSize }) => minSize === undefined || maxSize === undefined || minSize <= maxSize, {
    path: ["minSize"],
    error: "Above maxSize.",
  })
  .refine(
    ({ createdAfter, createdBefore }) =>
      createdAfter === undefined ||
      createdBefore === undefined ||
      Date.parse(createdAfter) < Date.parse(createdBefore),
    { path: ["createdAfter"], error: "Not before createdBefore." },
  )
  .refine(({ parent, descendants }) => parent !== undefined || descendants !== true, {
    path: ["descendants"],
    error: "Only with parent.",
  });

export type ImageListInput = z.output<typeof imageListInput>;

/** Why a row could not be read, in words for the person looking at it. */
export interface RowError {
  code: string;
  message: string;
  hint: string | null;
}

/** One line of the images table. An unreadable image has `error` and zeros where its facts would be. */
export interface ImageListRow {
  /** `pool/namespace/id`: stays when the image is renamed. */
  key: string;
  /** `pool/[namespace/]image`. */
  spec: string;
  pool: string;
  namespace: string;
  name: string;
  state: "ok" | "unreadable";
  error?: RowError;
  /** Bytes. */
  size: number;
  features: string[];
  snapshotCount: number;
  childCount: number;
  descendantCount: number;
  /** Number of parents above it: 0 is a root. */
  depth: number;
  parentSpec: string | null;
  createdAt: string | null;
  inTrash: boolean;
  marks: string[];
}

/** What could not be read. `place` is a pool or `pool/namespace`; null when the whole look failed and the rows are old. */
export interface ScanProblem {
  place: string | null;
  error: RowError;
}

export interface ImageListPage {
  rows: ImageListRow[];
  /** Images known in all. */
  total: number;
  /** Images that match the filter. */
  filtered: number;
  nextCursor: string | null;
  scannedAt: string;
  scanProblems: ScanProblem[];
}
