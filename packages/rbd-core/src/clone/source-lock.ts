import type { Cluster } from "../cluster/index.ts";
import { KeyedMutex } from "../concurrency/index.ts";
import { withCoppiceErrors } from "../errors/index.ts";
import { headerObject } from "../headers/index.ts";
import { showImageSpec } from "../names/index.ts";
import { lockObject } from "../operation/index.ts";
import type { SourceFacts } from "./source.ts";

/** Of this process: spares the cluster the waiting of a hundred clones that begin at once. */
const queues = new WeakMap<Cluster, KeyedMutex>();

/**
 * Runs `action` while no other clone of the source, in this process or another, looks whether it has to make a
 * snapshot. Clones that are told to create one wait here for each other, look again, and find the first one's.
 *
 * The lock spares snapshots, it guards nothing: where a client is gone its lease runs out, and where one takes
 * too long the others go on without it, at the price of a snapshot too many.
 */
export async function withSourceLock<T>(
  cluster: Cluster,
  { spec, id }: SourceFacts,
  signal: AbortSignal | undefined,
  action: () => Promise<T>,
): Promise<T> {
  const queue = queues.get(cluster) ?? new KeyedMutex();
  queues.set(cluster, queue);
  return queue.run(`${spec.pool}/${spec.namespace}/${id}`, signal, async () => {
    const object = showImageSpec(spec);
    const ioCtx = await cluster.pool(spec.pool, spec.namespace);
    const lock = await withCoppiceErrors({ object, what: `${object} could not be locked for cloning` }, () =>
      lockObject(ioCtx, headerObject(id), {
        name: "coppice.clone",
        description: "choosing the snapshot of a clone",
        leaseSeconds: 5,
        patienceSeconds: 60,
        signal,
      }),
    );
    try {
      return await action();
    } finally {
      await lock?.release();
    }
  });
}
