import type { FlattenConcurrency, FlattenUrgency } from "./flatten-job.ts";

interface Candidate {
  pool: string;
  urgency: FlattenUrgency;
}

/**
 * Which of the waiting jobs may start now: urgent ones first, then in the order they came, as far as the limits of
 * all pools and of each pool allow. A pool that is full holds up no other. Pure.
 *
 * @param waiting In the order they came.
 * @param running How many run now, by pool.
 */
export function nextJobs<T extends Candidate>(
  waiting: readonly T[],
  running: ReadonlyMap<string, number>,
  limits: FlattenConcurrency,
): T[] {
  const inPool = new Map(running);
  let room = limits.total - inPool.values().reduce((sum, count) => sum + count, 0);
  const ordered = [
    ...waiting.filter(({ urgency }) => urgency === "first"),
    ...waiting.filter(({ urgency }) => urgency === "later"),
  ];
  return ordered.filter(({ pool }) => {
    const count = inPool.get(pool) ?? 0;
    if (room <= 0 || count >= (limits.pools?.[pool] ?? limits.perPool)) return false;
    inPool.set(pool, count + 1);
    room--;
    return true;
  });
}
