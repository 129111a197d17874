import type { FoundImage, ImageEntry } from "../inventory/image-reader.ts";

/**
 * How long an object must have rested before its modification time is trusted to show the next change. The
 * time has whole seconds and is set by the clock of whoever writes: two writes can only be taken for one when
 * they fall into the same second, and the second comes after the scan only when that clock is off by more than
 * this.
 */
const settleSeconds = 300;

interface Remembered {
  found: FoundImage;
  /** Of the header object, in ms since the epoch. */
  modified: number;
  settled: boolean;
}

/**
 * What one scan leaves for the next, so that it reads only the headers that changed. Give the same one to each
 * `inventory` of the same pools of a cluster: what a scan does not come across is forgotten. Holds about as much as the inventory itself.
 *
 * A scan with a memory asks every header object for its modification time, which costs less than half of
 * reading it. Watching the headers instead would need no asking, but a watcher makes an image look used, and
 * Ceph then refuses to move it to the trash.
 */
export class InventoryMemory {
  readonly #images = new Map<string, Remembered>();
  /** What the scan under way has come across. */
  #seen = new Set<string>();
  #read = 0;
  #unchanged = 0;

  /** How many headers the scans so far had to read. */
  get headersRead(): number {
    return this.#read;
  }

  /** How many headers the scans so far found as they remembered them. */
  get headersUnchanged(): number {
    return this.#unchanged;
  }

  /** How many images are remembered. */
  get size(): number {
    return this.#images.size;
  }

  /** The image as it was, and the modification time its header must still have; for the scan alone. */
  recall(entry: ImageEntry): { found: FoundImage; modified: number } | undefined {
    const key = keyOf(entry);
    const remembered = this.#images.get(key);
    this.#seen.add(key);
    return remembered?.settled ? remembered : undefined;
  }

  /** For the scan alone. */
  keep(): void {
    this.#unchanged += 1;
  }

  /** For the scan alone. @param askedAt when the read was begun, in ms since the epoch */
  remember(entry: ImageEntry, found: FoundImage, modified: number, askedAt: number): void {
    this.#read += 1;
    this.#images.set(keyOf(entry), { found, modified, settled: modified + settleSeconds * 1000 < askedAt });
  }

  /** Forgets what the scan did not come across; for the scan alone, when it is complete. */
  endScan(): void {
    for (const key of this.#images.keys()) if (!this.#seen.has(key)) this.#images.delete(key);
    this.#seen = new Set();
  }
}

function keyOf({ place, id }: ImageEntry): string {
  return `${place.poolId}/${place.namespace}/${id}`;
}
