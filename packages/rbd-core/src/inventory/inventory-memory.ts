import { headerObject } from "../headers/index.ts";
import type { FoundImage } from "./image-reader.ts";
import type { ImageEntry } from "./list-images.ts";
import type { PoolScan } from "./rows.ts";

/**
 * How long a header must have been unchanged before its modification time is trusted to reveal the next change. The time
 * has whole seconds and is set by the clock of the client that writes. A change can only be missed if it falls into the
 * same second as the one before, and a change after the scan can only have that second if the writer's clock is slow by
 * more than this.
 */
const settleSeconds = 300;

interface Remembered {
  poolId: number;
  namespace: string;
  found: FoundImage;
  /** Modification time of the header object, in ms since the epoch. */
  modified: number;
  /** Whether `modified` is old enough to be trusted; see {@link settleSeconds}. */
  settled: boolean;
}

/**
 * Keeps what one inventory read for the next, so that a refresh reads only the headers that changed.
 *
 * ```ts
 * const memory = new InventoryMemory();
 * const first = await inventory(cluster, { memory });  // reads every header
 * const second = await inventory(cluster, { memory }); // reads those that changed in between
 * console.log(memory.headersRead, memory.headersUnchanged);
 * ```
 *
 * One memory can serve all inventories of a process, of any pools and any number of clusters, also at the same time. It
 * takes about as much space as the inventory itself. Images that an inventory no longer finds are dropped.
 *
 * With a memory, an inventory asks for the modification time of each header object, which costs less than half of reading
 * the header. A header that changed within the last five minutes is read again even if its modification time is the
 * same, since that has whole seconds only. Watching the headers would avoid these requests, but a watcher makes an image
 * look as if it was in use, and Ceph would refuse to move it to the trash.
 */
export class InventoryMemory {
  readonly #images = new Map<string, Remembered>();
  #read = 0;
  #unchanged = 0;

  /** The number of headers that were read, over all inventories. */
  get headersRead(): number {
    return this.#read;
  }

  /** The number of headers that did not have to be read because they had not changed, over all inventories. */
  get headersUnchanged(): number {
    return this.#unchanged;
  }

  /** The number of images that are kept. */
  get size(): number {
    return this.#images.size;
  }

  /** Called by `inventory`. @param fsid of the cluster */
  beginScan(fsid: string): ScanMemory {
    const images = this.#images;
    const keyOf = ({ place, id }: ImageEntry) => `${fsid}/${place.poolId}/${place.namespace}/${id}`;
    const seen = new Set<string>();
    return {
      recall: async (entry, signal) => {
        const key = keyOf(entry);
        seen.add(key);
        const known = images.get(key);
        if (!known?.settled) return null;
        const { modified } = await entry.place.ioCtx.objects.stat(headerObject(entry.id), { signal });
        if (modified.getTime() !== known.modified) return null;
        this.#unchanged += 1;
        return known.found;
      },
      remember: (entry, found, modified, readAt) => {
        this.#read += 1;
        const { poolId, namespace } = entry.place;
        const settled = modified + settleSeconds * 1000 < readAt;
        images.set(keyOf(entry), { poolId, namespace, found, modified, settled });
      },
      end: (pools, allPools) => {
        for (const [key, image] of images) {
          if (key.startsWith(`${fsid}/`) && !seen.has(key) && isGone(image, pools, allPools))
            images.delete(key);
        }
      },
    };
  }
}

/** A memory during one inventory. */
export interface ScanMemory {
  /**
   * The image as it was read before; `null` when it has to be read, because it is new or its header changed.
   *
   * @throws {RbdError} `NOT_FOUND` when the image has no header any more
   */
  recall(entry: ImageEntry, signal: AbortSignal | undefined): Promise<FoundImage | null>;
  /**
   * @param modified modification time of the header object, in ms since the epoch
   * @param readAt when the read began, in ms since the epoch
   */
  remember(entry: ImageEntry, found: FoundImage, modified: number, readAt: number): void;
  /** Drops the images that the inventory would have found if they still existed. */
  end(pools: readonly PoolScan[], allPools: boolean): void;
}

/** Whether an image that was not found would have been listed if it existed. */
function isGone({ poolId, namespace }: Remembered, pools: readonly PoolScan[], allPools: boolean): boolean {
  const pool = pools.find(({ id }) => id === poolId);
  if (pool === undefined) return allPools;
  const listed = pool.namespaces.find(({ name }) => name === namespace);
  return (listed ?? pool).error === null;
}
