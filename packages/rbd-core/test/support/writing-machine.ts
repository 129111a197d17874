import { Cluster, type Image } from "rbd-native";

/** How many turns an image holds: each has a block of its own, and a later one takes the place of an earlier one. */
const slots = 64;
const block = 4096;

/** The size of each disk of a {@link WritingMachine} in bytes. */
export const diskBytes = 8 * 2 ** 20;

/** Blocks are spread over the disk, so that increments have many extents. */
const offsetOf = (turn: number) => (((turn % slots) * 5) % slots) * (diskBytes / slots);

interface Disk {
  readonly conf: string;
  readonly pool: string;
  readonly image: string;
}

/**
 * A machine that never stops writing: in each turn it writes the turn's number into a block of every disk, one disk after the
 * other. It can be stopped, and moved to other disks.
 */
export class WritingMachine implements AsyncDisposable {
  turn = 0;
  #disks: readonly Disk[];
  #wanted = false;
  #running: Promise<void> = Promise.resolve();
  #clusters: Cluster[] = [];
  #images: Image[] = [];

  constructor(disks: readonly Disk[]) {
    this.#disks = disks;
  }

  /** Opens the disks, and begins to write. */
  async start(): Promise<void> {
    for (const { conf, pool, image } of this.#disks) {
      const cluster = await Cluster.connect({ conf });
      this.#clusters.push(cluster);
      this.#images.push(await (await cluster.openPool(pool)).openImage(image));
    }
    this.resume();
  }

  resume(): void {
    this.#wanted = true;
    this.#running = this.#write();
  }

  /** Ends the turn that is under way, and writes no more. */
  async pause(): Promise<void> {
    this.#wanted = false;
    await this.#running;
    for (const image of this.#images) await image.flush();
  }

  /** Goes on with other disks. */
  async moveTo(disks: readonly Disk[]): Promise<void> {
    await this.stop();
    this.#disks = disks;
    await this.start();
  }

  async stop(): Promise<void> {
    await this.pause();
    for (const image of this.#images.splice(0)) await image.close();
    for (const cluster of this.#clusters.splice(0)) await cluster.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Writes some more turns before it returns. */
  async someTurns(count: number): Promise<void> {
    const until = this.turn + count;
    while (this.turn < until) await new Promise((resolve) => setImmediate(resolve));
  }

  async #write(): Promise<void> {
    while (this.#wanted) {
      const data = Buffer.alloc(block, ++this.turn % 251);
      data.writeUInt32LE(this.turn);
      for (const image of this.#images) await image.write(offsetOf(this.turn), data);
    }
  }
}

/**
 * The last turn that an image shows. Every turn before must be there, too, as far as no later one has taken its place.
 *
 * @throws when one is missing
 */
export async function lastTurn(image: Image): Promise<number> {
  const found = new Map<number, number>();
  for (let slot = 0; slot < slots; slot++) {
    found.set(slot, (await image.read(offsetOf(slot), 4)).readUInt32LE(0));
  }
  const last = Math.max(...found.values());
  for (let turn = Math.max(1, last - slots + 1); turn <= last; turn++) {
    if (found.get(turn % slots) !== turn) throw new Error(`the turn ${turn} of ${last} is missing`);
  }
  return last;
}
