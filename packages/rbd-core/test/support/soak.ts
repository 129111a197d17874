/**
 * How much the tests with random seeds and killed processes do, by the one variable `COPPICE_SOAK`, which `npm run soak`
 * sets: `FACTOR` or `FACTOR:FIRST`. A soak run takes FACTOR times the seeds that a test names for it, from seed FIRST on, and lets
 * the leases of killed processes end by themselves. In a usual run the seeds begin at COPPICE_FIRST_SEED, which `npm test`
 * takes from the commit: every run of a commit has the same seeds, and the commits together many.
 */
const [factor = 0, soakFirst = 0] = (process.env.COPPICE_SOAK ?? "").split(":").filter(Boolean).map(Number);

export const isSoak = factor > 0;

/** What is added to the first seed of each test. */
export const firstSeed = isSoak ? soakFirst : Number(process.env.COPPICE_FIRST_SEED ?? 0);

/**
 * How a process that is killed at the nth change of a loop (from 1) dies, and what mends what it left. A usual run kills at
 * every second change, of which `turn` says where it begins, and the two remedies take turns. A soak run tries both, before
 * every change and after it.
 */
export function deathsAt(nth: number, turn: 0 | 1 = 0): { late: boolean; remedy: "again" | "reconcile" }[] {
  if (isSoak) {
    return [false, true].flatMap((late) => [
      { late, remedy: "again" },
      { late, remedy: "reconcile" },
    ]);
  }
  if (nth % 2 === turn) return [];
  return [{ late: false, remedy: Math.floor(nth / 2) % 2 === 0 ? "again" : "reconcile" }];
}

/** Of cases that differ in one thing only, every second one in a usual run, from the first or the second one on. */
export function everySecond<T>(cases: readonly T[], from: 0 | 1): T[] {
  return cases.filter((_, index) => isSoak || index % 2 === from);
}

/** Calls of the binding that only read. Whatever is not named here counts as a change. */
const reads =
  /^(list|get|open|read|stat|is|has|size$|features$|flags$|parent$|overlap$|diff|close$|lockInfo|snapshot(Id|Exists)|stripe$|dataPoolId$|operations|isOwner|wait|usage|fsid|instanceId|minCompat)/;

/**
 * Which calls of a flow a test breaks in turn, by their place in it. A usual run breaks every call that changes something, and
 * every second one that reads, of which the first seed says where that begins; a fault that strikes after a read took effect
 * is the same as one before it. A soak run breaks all of them.
 *
 * @param calls The names of the calls of the flow, when nothing is broken.
 */
export function faultsIn(calls: readonly string[], late: boolean): number[] {
  const all = calls.map((name, at) => ({ at, isRead: reads.test(name) }));
  if (isSoak) return all.map(({ at }) => at);
  return all.filter(({ at, isRead }) => !isRead || (!late && (at + firstSeed) % 2 === 0)).map(({ at }) => at);
}

/**
 * The seeds of a test.
 *
 * @param counts How many seeds a usual run takes, and a soak run for each unit of its factor.
 */
export function seedsFrom(
  suiteFirst: number,
  counts: { readonly usual: number; readonly soak: number },
): number[] {
  const count = isSoak ? factor * counts.soak : counts.usual;
  return Array.from({ length: count }, (_, i) => suiteFirst + firstSeed + i);
}
