import {
  type ChainPoint,
  CoppiceError,
  type Measure,
  type SnapshotChain,
  snapshotChain,
  whatChanged,
} from "rbd-core";
import { z } from "zod";
import { viewerProcedure } from "../../api/procedures.ts";
import { clusterId } from "../../api/schemas.ts";
import { t } from "../../api/trpc.ts";
import { findImage } from "../../inventory/catalog.ts";
import { imageDetail } from "../../inventory/image-detail.ts";
import { imageName, namedImage } from "../named-image.ts";
import type { OperationServices } from "../operation-services.ts";

/** A snapshot's id as a decimal text; null is HEAD. */
const pointId = z
  .string()
  .regex(/^\d{1,20}$/, "must be the id of a snapshot")
  .nullable();

/** More points than this are asked for in several calls, so that each is answered soon. */
const MOST_POINTS = 64;

/** A number of bytes. `estimated`: from object maps, and never below the exact number. */
export const measure = z.object({ bytes: z.number(), accuracy: z.enum(["estimated", "exact"]) });

const chainInput = z.object({ cluster: clusterId, image: imageName });

const objectMaps = z.object({
  state: z.enum(["valid", "absent", "invalid", "unreadable"]),
  /** What to do when they are not valid. */
  remedy: z.string().nullable(),
});

const chainView = z.object({
  /** `pool/[namespace/]image`. */
  spec: z.string(),
  /** HEAD first, then the snapshots, newest first. */
  points: z.array(
    z.object({
      id: pointId,
      /** Null for HEAD. */
      snapshot: z
        .object({
          name: z.string(),
          kind: z.enum(["user", "group", "trash", "mirror", "unknown"]),
          protected: z.boolean(),
          createdAt: z.string(),
        })
        .nullable(),
      /** Size of the image at this point, in bytes. */
      size: z.number(),
      /** `key` as in a row of the images: two clones can have the same spec, one of them in the trash. */
      clones: z.array(z.object({ key: z.string(), spec: z.string(), inTrash: z.boolean() })),
    }),
  ),
});

const sizesInput = chainInput.extend({
  points: z.array(pointId).min(1).max(MOST_POINTS),
  /** Measures to the byte, which takes time in proportion to the data that was written. Default: estimates. */
  exact: z.boolean().default(false),
});

const chainSizes = z.object({
  /** Those of the points that the image has. A measure is null when it cannot be determined. */
  points: z.array(
    z.object({
      id: pointId,
      /** All differences from the point before. */
      delta: measure.nullable(),
      /** What removing only this snapshot would free. Null for HEAD. */
      freedIfRemoved: measure.nullable(),
    }),
  ),
  objectMaps,
});

const changedInput = chainInput.extend({
  /** The older point; null is the creation of the image. */
  from: pointId,
  /** The newer point. */
  to: pointId,
  /** The number of equal parts of the image. */
  buckets: z.int().min(1).max(1024).default(256),
});

const changedView = z.object({
  /** Size of the image at the newer point, in bytes. */
  size: z.number(),
  writtenBytes: z.number(),
  /** Data that reads as zeros now. */
  discardedBytes: z.number(),
  /** The changed bytes in each of the equal parts of the image. */
  strip: z.array(z.number()),
});

export type ChainView = z.output<typeof chainView>;
export type ChainSizes = z.output<typeof chainSizes>;
export type ChangedView = z.output<typeof changedView>;
type PointSizes = ChainSizes["points"][number];

/** `chain` of the API: the snapshots of an image as its history. Nothing of it changes the cluster. */
export function chainRouter({ clusters, inventories }: OperationServices) {
  const sizes = new RecentResults<PointSizes>(20_000);
  const changes = new RecentResults<ChangedView>(500);

  /** The chain without any measure: a few small objects are read. */
  const readChain = (id: string, image: string, signal: AbortSignal | undefined) =>
    clusters.get(id).ask((cluster) => snapshotChain(cluster, namedImage(id, image), { only: [], signal }));

  return t.router({
    /** The points of an image, as they are now. */
    get: viewerProcedure
      .input(chainInput)
      .output(chainView)
      .query(async ({ input: { cluster, image }, signal }) => {
        const [chain, catalog] = await Promise.all([
          readChain(cluster, image, signal),
          inventories.get(cluster).current(),
        ]);
        const found = findImage(catalog, image);
        const known = found === null ? [] : imageDetail(found, catalog).snapshots;
        const clones = new Map(known.map(({ id, children }) => [id, children]));
        return { spec: chain.spec, points: chain.points.map((point) => pointView(point, clones)).reverse() };
      }),

    /** How much some points differ from those before them, and what removing them would free. */
    sizes: viewerProcedure
      .input(sizesInput)
      .output(chainSizes)
      .query(async ({ input: { cluster: id, image, points, exact }, signal }) => {
        const chain = await readChain(id, image, signal);
        const keys = sizeKeys(id, chain, exact);
        const known = new Map<string | null, PointSizes>();
        const missing: (string | null)[] = [];
        for (const point of points) {
          const key = keys.get(point);
          const found = key === undefined ? undefined : sizes.get(key);
          if (found !== undefined) known.set(point, found);
          else missing.push(point);
        }
        let state = chain.objectMaps;
        if (missing.length > 0) {
          const only = missing.map(bigintOf);
          const read = await clusters
            .get(id)
            .ask((cluster) => snapshotChain(cluster, namedImage(id, image), { only, exact, signal }));
          state = read.objectMaps;
          for (const point of read.points) {
            const found = sizesOf(point);
            if (!missing.includes(found.id)) continue;
            known.set(found.id, found);
            const key = keys.get(found.id);
            if (key !== undefined && found.delta !== null && found.freedIfRemoved !== null)
              sizes.set(key, found);
          }
        }
        return {
          points: points.flatMap((point) => known.get(point) ?? []),
          objectMaps: { state: state.state, remedy: "remedy" in state ? state.remedy : null },
        };
      }),

    /** What changed between two points, as a strip over the image. */
    changed: viewerProcedure
      .input(changedInput)
      .output(changedView)
      .query(async ({ input: { cluster: id, image, from, to, buckets }, signal }) => {
        const chain = await readChain(id, image, signal);
        const [older, newer] = [from, to].map((point) => (point === null ? null : snapshotOf(chain, point)));
        // HEAD may be written to at any time.
        const key = newer
          ? `${id} ${chain.spec} ${identity(older)} ${identity(newer)} ${buckets}`
          : undefined;
        const known = key === undefined ? undefined : changes.get(key);
        if (known !== undefined) return known;
        const found = await clusters.get(id).ask((cluster) =>
          whatChanged(cluster, namedImage(id, image), {
            ...(older ? { from: older.name } : {}),
            ...(newer ? { to: newer.name } : {}),
            buckets,
            signal,
          }),
        );
        const { size, writtenBytes, discardedBytes, strip } = found;
        const view = { size, writtenBytes, discardedBytes, strip };
        if (key !== undefined) changes.set(key, view);
        return view;
      }),
  });
}

function pointView(
  { snapshot, size }: ChainPoint,
  clones: ReadonlyMap<string, ChainView["points"][number]["clones"]>,
): ChainView["points"][number] {
  if (snapshot === null) return { id: null, snapshot: null, size, clones: [] };
  const { name, kind, protected: isProtected, createdAt } = snapshot;
  const id = String(snapshot.id);
  return {
    id,
    snapshot: { name, kind, protected: isProtected, createdAt: createdAt.toISOString() },
    size,
    clones: clones.get(id) ?? [],
  };
}

function sizesOf({ snapshot, delta, freedIfRemoved }: ChainPoint): PointSizes {
  const plain = (found: Measure | null) => found && { bytes: found.bytes, accuracy: found.accuracy };
  return {
    id: snapshot === null ? null : String(snapshot.id),
    delta: plain(delta),
    freedIfRemoved: plain(freedIfRemoved),
  };
}

/**
 * Names the measures that never change, by the ids of the points: those of a snapshot between two others. What is measured
 * against HEAD changes with it. Ids begin anew in a pool that was removed and created again, times do not.
 */
function sizeKeys(
  cluster: string,
  { spec, points }: SnapshotChain,
  exact: boolean,
): Map<string | null, string> {
  const keys = new Map<string | null, string>();
  for (const [at, { snapshot }] of points.entries()) {
    const next = points[at + 1]?.snapshot ?? null;
    if (snapshot === null || next === null) continue;
    const near = [points[at - 1]?.snapshot ?? null, snapshot, next].map(identity);
    keys.set(String(snapshot.id), `${cluster} ${spec} ${near.join(" ")} ${exact}`);
  }
  return keys;
}

function identity(snapshot: ChainPoint["snapshot"] | undefined): string {
  return snapshot ? `${snapshot.id}:${snapshot.createdAt.getTime()}` : "-";
}

function bigintOf(id: string | null): bigint | null {
  return id === null ? null : BigInt(id);
}

/** @throws {CoppiceError} `NOT_FOUND` */
function snapshotOf({ spec, points }: SnapshotChain, id: string): NonNullable<ChainPoint["snapshot"]> {
  const found = points.find(({ snapshot }) => snapshot !== null && String(snapshot.id) === id)?.snapshot;
  if (found) return found;
  throw new CoppiceError({
    code: "NOT_FOUND",
    call: "whatChanged",
    object: spec,
    message: `${spec} has no snapshot with the id ${id}`,
    hint: "It may have been removed meanwhile.",
  });
}

/** Keeps the results that were used last. */
class RecentResults<T> {
  readonly #most: number;
  readonly #results = new Map<string, T>();

  constructor(most: number) {
    this.#most = most;
  }

  get(key: string): T | undefined {
    const found = this.#results.get(key);
    if (found !== undefined) this.set(key, found);
    return found;
  }

  set(key: string, result: T): void {
    this.#results.delete(key);
    this.#results.set(key, result);
    const [oldest] = this.#results.keys();
    if (this.#results.size > this.#most && oldest !== undefined) this.#results.delete(oldest);
  }
}
