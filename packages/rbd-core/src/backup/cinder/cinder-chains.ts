import type { BackupRecord } from "../backup-record.ts";
import {
  type BaseImage,
  type CinderChain,
  type CinderChainProblem,
  cinderImageName,
  readCinderChain,
} from "./cinder-format.ts";

/** A restore point that another program made, Cinder for example: there is no record of it. */
export interface ForeignPoint extends Pick<BackupRecord, "id" | "chain" | "stored" | "size"> {
  readonly kind: "full" | "incremental";
  /** When it was begun, by the name of its snapshot; `null` when the name has no time. */
  readonly time: Date | null;
}

/** The points of one chain of a pool of which there are no records, from the pool alone. */
export interface ForeignChain {
  /** The name of the chain's image. */
  readonly chain: string;
  /** The volume in Cinder's terms. */
  readonly volumeId: string;
  /** The name that the source had, or has, in its own pool. */
  readonly imageName: string;
  /** Oldest first. */
  readonly points: readonly ForeignPoint[];
  /** The chain's image is itself a backup, of the state of its head, without a restore point. */
  readonly head: CinderChain["head"];
  readonly problems: readonly CinderChainProblem[];
}

/** An image of a backup pool, with its id. */
export interface PoolImage extends BaseImage {
  readonly id: string;
}

export interface KnownPoints {
  /** The ids of the points with a record, and of those that an operation is making or removing. */
  readonly known: ReadonlySet<string>;
  /** The ids of the backups that have a metadata object for this volume, as far as they are known. */
  readonly metadataIds?: Iterable<string> | undefined;
}

/**
 * The points in an image of a backup pool that have no record. `null` for an image that is not one of backups, or in which
 * there is nothing that is not known.
 */
export function foreignChain(
  image: PoolImage,
  { known, metadataIds = [] }: KnownPoints,
): ForeignChain | null {
  const chain = readCinderChain(image, metadataIds);
  if (chain === null) return null;
  const points = chain.points.filter(({ backupId }) => !known.has(backupId));
  const isOurs = chain.base.backupId !== null && known.has(chain.base.backupId);
  const isForeign = points.length > 0 || (chain.points.length === 0 && !isOurs);
  if (!isForeign) return null;
  return {
    chain: image.name,
    volumeId: chain.base.volumeId,
    imageName: cinderImageName(chain.base.volumeId),
    points: points.map(({ backupId, id, name, size, kind, time }) => ({
      id: backupId,
      chain: image.name,
      stored: { kind: "snapshot", image: image.name, imageId: image.id, name, id: String(id) },
      size,
      kind,
      time,
    })),
    head: chain.head,
    problems: chain.problems.filter((problem) => !("backupId" in problem && known.has(problem.backupId))),
  };
}
