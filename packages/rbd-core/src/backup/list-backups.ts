import { compareText } from "../names/index.ts";
import type { BackupRecord, BackupSource } from "./backup-record.ts";
import type { BackupTarget, ListPointsOptions, PointProblem } from "./backup-target.ts";
import type { ForeignChain } from "./cinder/cinder-chains.ts";

/** The backups of one source that build on each other. */
export interface BackupChainRow {
  readonly chain: string;
  /** As the newest backup names it. */
  readonly source: BackupSource;
  /** Oldest first. */
  readonly backups: readonly BackupRecord[];
  /** What is wrong with some of them; empty when all is well. */
  readonly problems: readonly PointProblem[];
}

export interface BackupListing {
  /** By the pool, namespace and name of the source, then by the time of the oldest backup. */
  readonly chains: readonly BackupChainRow[];
  /** Records that cannot be read: which chain they belong to is not known. */
  readonly unreadable: readonly PointProblem[];
  /** Backups that another program made, such as Cinder: `importCinderChain` makes them ours. */
  readonly foreign: readonly ForeignChain[];
}

/**
 * The chains of backups in a target, from the target alone: nothing else has to be there, neither a database nor the source.
 *
 * @throws {CoppiceError} when the target cannot be read. A backup that cannot be read does not hide the others.
 */
export async function listBackups(
  target: BackupTarget,
  options: ListPointsOptions = {},
): Promise<BackupListing> {
  const { points, problems, foreign = [] } = await target.list(options);
  return { ...groupChains(points, problems), foreign };
}

/** Groups points to chains. Pure. */
export function groupChains(
  points: readonly BackupRecord[],
  problems: readonly PointProblem[],
): Omit<BackupListing, "foreign"> {
  const problemsById = Map.groupBy(problems, ({ id }) => id);
  const chains: BackupChainRow[] = [];
  for (const [chain, some] of Map.groupBy(points, (point) => point.chain)) {
    const backups = some.toSorted(byPoint);
    const newest = backups.at(-1);
    if (newest === undefined) continue;
    const wrong = backups.flatMap(({ id }) => problemsById.get(id) ?? []);
    chains.push({ chain, source: newest.source, backups, problems: wrong });
  }
  const known = new Set(points.map(({ id }) => id));
  return { chains: chains.sort(byName), unreadable: problems.filter(({ id }) => !known.has(id)) };
}

/** The ids of an image's snapshots ascend with time, whatever any clock says. Those of an imported backup's source may be unknown. */
function byPoint(a: BackupRecord, b: BackupRecord): number {
  const idOf = ({ stored, source }: BackupRecord) =>
    BigInt(stored.kind === "snapshot" ? stored.id : source.snapshot.id);
  const [x, y] = [idOf(a), idOf(b)];
  return x < y ? -1 : x > y ? 1 : compareText(a.id, b.id);
}

function byName(
  { source: a, backups: [x] }: BackupChainRow,
  { source: b, backups: [y] }: BackupChainRow,
): number {
  return (
    compareText(a.poolName, b.poolName) ||
    compareText(a.namespace, b.namespace) ||
    compareText(a.imageName, b.imageName) ||
    compareText(x?.pointAt ?? "", y?.pointAt ?? "")
  );
}
