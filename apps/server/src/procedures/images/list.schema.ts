import { z } from "zod";

export const imageListInput = z.object({
  /** Part of an image's spec, upper and lower case alike. */
  search: z.string().max(256).optional(),
  pool: z.string().max(256).optional(),
  /** "" is the default namespace; absent is every namespace. */
  namespace: z.string().max(256).optional(),
  kind: z.enum(["all", "roots", "clones", "trash", "problems"]).default("all"),
  sort: z
    .object({
      by: z.enum(["name", "size", "snapshots", "children", "depth", "created"]),
      dir: z.enum(["asc", "desc"]),
    })
    .default({ by: "name", dir: "asc" }),
  /** `nextCursor` of the page before. Only good for the same filter and sort. */
  cursor: z.string().max(1024).optional(),
  limit: z.int().min(1).max(500).default(100),
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
