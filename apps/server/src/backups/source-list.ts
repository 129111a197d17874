import { type BackupRecord, showImageSpec } from "rbd-core";
import { z } from "zod";
import { clusterId, rowErrorSchema } from "../api/schemas.ts";
import { staleCursor } from "../base/paging.ts";
import type { TargetContents } from "./catalogue.ts";
import {
  type BackupChainView,
  chainView,
  type HasSnapshot,
  viewChain,
  viewForeignChain,
} from "./chain-view.ts";

/** What a source can be sorted by. */
const sorts = ["name", "newest", "oldest", "points", "stored", "verified"] as const;
const sourceProblems = ["any", "holes", "failed-check", "never-verified", "source-gone"] as const;

export const sourcesInput = z
  .object({
    /** Part of the source's name, upper and lower case alike. */
    search: z.string().max(256).optional(),
    /** Only with backups in this target. */
    target: z.uuid().optional(),
    /** Only images of this cluster. */
    cluster: clusterId.optional(),
    /** `coppice`: only with records. `cinder`: only what another program made. */
    origin: z.enum(["coppice", "cinder"]).optional(),
    /**
     * `holes`: points whose data is missing. `failed-check`: the last check of a point found wrong data. `source-gone`: the
     * image is not in its cluster any more. `any`: one of the first two.
     */
    problem: z.enum(sourceProblems).optional(),
    sort: z.object({ by: z.enum(sorts), dir: z.enum(["asc", "desc"]) }).default({ by: "name", dir: "asc" }),
    /** `nextCursor` of the page before. Valid only for the same filter and sort. */
    cursor: z.string().max(4096).optional(),
    limit: z.int().min(1).max(500).default(100),
  })
  .prefault({});

/** One image that was backed up, with what its backups are like. */
export const sourceRow = z.object({
  /** Names the source in `backups.chain`: stays when the image is renamed or removed. */
  key: z.string(),
  origin: z.enum(["coppice", "cinder"]),
  /** Null for a cluster that this server does not know. */
  cluster: clusterId.nullable(),
  /** The spec of the image, of today if it is still there. */
  image: z.string(),
  /** The image's key in `images`; null when it is gone, or its cluster is not known. */
  imageKey: z.string().nullable(),
  targets: z.array(z.object({ id: z.uuid(), name: z.string() })),
  chains: z.number(),
  points: z.number(),
  newest: z.string().nullable(),
  oldest: z.string().nullable(),
  /** Of the newest point, in bytes. */
  size: z.number(),
  /** Of all points as far as it is known, in bytes. */
  storedBytes: z.number(),
  /** Points whose data is missing. */
  holes: z.number(),
  /** Points whose last check of some depth found wrong data. */
  failedChecks: z.number(),
  /** The newest check of any point. */
  lastVerify: z
    .object({
      at: z.string(),
      ok: z.boolean(),
      depth: z.enum(["quick", "deep", "source"]),
      backup: z.string(),
    })
    .nullable(),
});

/** How well a target could be read. The rows are from `readAt` when `error` is not null. */
export const targetState = z.object({
  id: z.uuid(),
  name: z.string(),
  readAt: z.string().nullable(),
  error: rowErrorSchema.nullable(),
  /** Records that cannot be read: which source they belong to is not known. */
  unreadable: z.array(z.object({ backup: z.string(), error: rowErrorSchema })),
});

export const sourcesPage = z.object({
  rows: z.array(sourceRow),
  /** Sources in all. */
  total: z.number(),
  /** Sources that match the filter. */
  filtered: z.number(),
  nextCursor: z.string().nullable(),
  targets: z.array(targetState),
});

export type SourcesInput = z.output<typeof sourcesInput>;
export type SourceRow = z.output<typeof sourceRow>;
export type SourcesPage = z.output<typeof sourcesPage>;
export type TargetState = z.output<typeof targetState>;

/** Where a source is today. */
export interface KnownSource {
  cluster: string | null;
  /** Null when the image is gone, or its cluster cannot be read. */
  image: { spec: string; key: string; snapshotIds: ReadonlySet<string> } | null;
  /** When the cluster's images were read; null when they could not be. */
  readAt: string | null;
}

/** Finds a source in the clusters of this server. */
export type FindSource = (source: BackupRecord["source"]) => KnownSource;

/** A source with its chains, in any target. */
export interface Source {
  row: SourceRow;
  isGone: boolean;
  chains: BackupChainView[];
}

/** The key of a source: by ids, which are never used again. */
export function sourceKey({
  fsid,
  poolId,
  imageId,
}: Pick<BackupRecord["source"], "fsid" | "poolId" | "imageId">): string {
  return `${fsid}/${poolId}/${imageId}`;
}

/** The source of an import that did not know it: every chain by itself. */
const unknownFsid = "00000000-0000-0000-0000-000000000000";

/** Groups what is in some targets by source. Pure. */
export function collectSources(contents: readonly TargetContents[], findSource: FindSource): Source[] {
  const sources = new Map<string, Source>();
  const add = (key: string, chain: BackupChainView, make: () => SourceRow, isGone: boolean) => {
    const source = sources.get(key) ?? { row: make(), isGone, chains: [] };
    source.chains.push(chain);
    sources.set(key, source);
  };
  for (const { target, listing } of contents) {
    for (const row of listing?.chains ?? []) {
      const { source } = row;
      const known = findSource(source);
      const isUnknown = source.fsid === unknownFsid;
      const key = isUnknown ? `imported/${target.id}/${row.chain}` : sourceKey(source);
      const hasSnapshot = snapshotsOf(known);
      const { poolName: pool, namespace, imageName: image } = source;
      const name = isUnknown ? image : showImageSpec({ pool, namespace, image });
      const make = () =>
        emptyRow(key, "coppice", known.cluster, known.image?.spec ?? name, known.image?.key ?? null);
      add(key, viewChain(target, row, hasSnapshot), make, known.readAt !== null && known.image === null);
    }
    for (const foreign of listing?.foreign ?? []) {
      const key = `cinder/${target.id}/${foreign.chain}`;
      add(
        key,
        viewForeignChain(target, foreign),
        () => emptyRow(key, "cinder", null, foreign.imageName, null),
        false,
      );
    }
  }
  for (const source of sources.values()) count(source);
  return [...sources.values()];
}

/** Tells which snapshots a source has. One that is younger than what was read is not known. */
export function snapshotsOf({ image, readAt }: KnownSource): HasSnapshot {
  return ({ completedAt, source }) =>
    readAt === null || readAt < completedAt ? null : (image?.snapshotIds.has(source.snapshot.id) ?? false);
}

function emptyRow(
  key: string,
  origin: SourceRow["origin"],
  cluster: string | null,
  image: string,
  imageKey: string | null,
): SourceRow {
  return {
    key,
    origin,
    cluster,
    image,
    imageKey,
    targets: [],
    chains: 0,
    points: 0,
    newest: null,
    oldest: null,
    size: 0,
    storedBytes: 0,
    holes: 0,
    failedChecks: 0,
    lastVerify: null,
  };
}

/** Sums up a source's chains in its row. */
function count({ row, chains }: Source): void {
  row.chains = chains.length;
  for (const { target, points } of chains) {
    if (!row.targets.some(({ id }) => id === target.id))
      row.targets.push({ id: target.id, name: target.name });
    for (const point of points) {
      row.points += 1;
      row.storedBytes += point.storedBytes ?? 0;
      if (point.problems.length > 0 || point.brokenBy !== null) row.holes += 1;
      if (Object.values(point.checks).some((check) => check?.ok === false)) row.failedChecks += 1;
      for (const depth of ["quick", "deep", "source"] as const) {
        const check = point.checks[depth];
        if (check === null || (row.lastVerify !== null && row.lastVerify.at >= check.at)) continue;
        row.lastVerify = { at: check.at, ok: check.ok, depth, backup: point.id };
      }
      if (point.at === null) continue;
      if (row.oldest === null || point.at < row.oldest) row.oldest = point.at;
      if (row.newest === null || point.at >= row.newest) [row.newest, row.size] = [point.at, point.size];
    }
  }
}

/**
 * One page of the sources. A cursor names the row after which to continue, so that nothing is shown twice or left out when
 * sources come and go between two pages. Pure.
 *
 * @throws {ServerError} `STALE_CURSOR` for a text that is not a cursor of this list
 */
export function listSources(sources: readonly Source[], input: SourcesInput): Omit<SourcesPage, "targets"> {
  const { by, dir } = input.sort;
  const sign = dir === "asc" ? 1 : -1;
  const compare = (a: Position, b: Position) => sign * compareValues(a[0], b[0]) || compareValues(a[1], b[1]);
  const matching = sources.filter((source) => matches(source, input));
  const sorted = matching
    .map(({ row }) => ({ row, position: [sortValue(row, by), row.key] satisfies Position }))
    .sort((a, b) => compare(a.position, b.position));
  const after = input.cursor === undefined ? null : decodePosition(input.cursor, by, dir);
  const rest = after === null ? sorted : sorted.filter(({ position }) => compare(position, after) > 0);
  const page = rest.slice(0, input.limit);
  const last = page.at(-1);
  return {
    rows: page.map(({ row }) => row),
    total: sources.length,
    filtered: matching.length,
    nextCursor:
      last === undefined || rest.length <= input.limit
        ? null
        : Buffer.from(JSON.stringify([by, dir, ...last.position])).toString("base64url"),
  };
}

/** The value that is sorted by, and the key. */
type Position = [value: string | number, key: string];

const position = z.tuple([
  z.enum(sorts),
  z.enum(["asc", "desc"]),
  z.union([z.string(), z.number()]),
  z.string(),
]);

function decodePosition(cursor: string, by: string, dir: string): Position {
  try {
    const [sort, direction, value, key] = position.parse(
      JSON.parse(Buffer.from(cursor, "base64url").toString("utf8")),
    );
    if (sort !== by || direction !== dir) throw new RangeError(`it is a position by ${sort}, ${direction}`);
    return [value, key];
  } catch (cause) {
    throw staleCursor(cause);
  }
}

function compareValues(a: string | number, b: string | number): number {
  return a < b ? -1 : Number(a > b);
}

function sortValue(row: SourceRow, by: (typeof sorts)[number]): string | number {
  switch (by) {
    case "name":
      return row.image;
    case "newest":
      return row.newest ?? "";
    case "oldest":
      return row.oldest ?? "";
    case "points":
      return row.points;
    case "stored":
      return row.storedBytes;
    case "verified":
      return row.lastVerify?.at ?? "";
  }
}

function matches(
  { row, isGone }: Source,
  { search, target, cluster, origin, problem }: SourcesInput,
): boolean {
  if (search !== undefined && !row.image.toLowerCase().includes(search.trim().toLowerCase())) return false;
  if (target !== undefined && !row.targets.some(({ id }) => id === target)) return false;
  if (cluster !== undefined && row.cluster !== cluster) return false;
  if (origin !== undefined && row.origin !== origin) return false;
  switch (problem) {
    case undefined:
      return true;
    case "any":
      return row.holes > 0 || row.failedChecks > 0;
    case "holes":
      return row.holes > 0;
    case "failed-check":
      return row.failedChecks > 0;
    case "never-verified":
      return row.lastVerify === null;
    case "source-gone":
      return isGone;
  }
}

/** A source with all of its chains. */
export const sourceDetail = z.object({
  /** Null when nothing is known of it. */
  source: sourceRow.nullable(),
  /** By target, then from the oldest chain on. */
  chains: z.array(chainView),
  targets: z.array(targetState),
});

export type SourceDetail = z.output<typeof sourceDetail>;
