import type { FastifyBaseLogger } from "fastify";
import { type BackupListing, type CommandPoint, listBackups } from "rbd-core";
import { type Clock, isoTime } from "../base/clock.ts";
import type { BackupTargets, StoredTarget } from "./targets.ts";

/** What was read of a target is shown at once when it is not older than this, and renewed in the background when it is. */
const FRESH_MS = 30_000;
/** A target that could not be read is not tried again before this, so that nobody waits for it each time. */
const RETRY_MS = 5000;

/** What is known of the backups in one target. */
export interface TargetContents {
  target: StoredTarget;
  /** Null before the target was read for the first time. */
  listing: BackupListing | null;
  /** When the listing was read. */
  readAt: string | null;
  /** Why the target could not be read when it was tried last; the listing is the one before. */
  error: unknown;
}

interface CatalogueOptions {
  targets: BackupTargets;
  clock: Clock;
  log: FastifyBaseLogger;
}

/** Remembers what is in each target. Reading one again never overlaps with itself. */
export class Catalogue {
  readonly #options: CatalogueOptions;
  readonly #abort = new AbortController();
  readonly #memories = new Map<string, Memory>();

  constructor(options: CatalogueOptions) {
    this.#options = options;
  }

  /** What is in every target, or in one. One that cannot be read does not hide the others. @throws {ServerError} `TARGET_UNKNOWN` */
  async contents(only?: string): Promise<TargetContents[]> {
    const { targets } = this.#options;
    const wanted = only === undefined ? await targets.list() : [await targets.get(only)];
    return await Promise.all(
      wanted.map(async (target) => {
        const memory = this.#memory(target.id);
        await memory.current();
        const { listing, readAt, error } = memory;
        return { target, listing, readAt: readAt === null ? null : isoTime(readAt), error };
      }),
    );
  }

  /**
   * The points whose data a point is made of, as they were read last: oldest first, with itself as the last one. In a pool that is
   * the point alone.
   */
  dataOf(target: string, chain: string, id: string): CommandPoint[] {
    const listing = this.#memories.get(target)?.listing;
    const foreign = listing?.foreign
      .find((each) => each.chain === chain)
      ?.points.find((each) => each.id === id);
    if (foreign !== undefined) return [foreign];
    const backups = listing?.chains.find((each) => each.chain === chain)?.backups ?? [];
    const until = backups.slice(0, backups.findIndex((each) => each.id === id) + 1);
    return until.at(-1)?.stored.kind === "snapshot" ? until.slice(-1) : until;
  }

  /** Reads a target again, after a task has changed it. A failure is kept for those who look. */
  async renew(target: string): Promise<void> {
    await this.#memory(target).renew();
  }

  /** Forgets what was in a target that was removed. */
  forget(target: string): void {
    this.#memories.delete(target);
  }

  async close(): Promise<void> {
    this.#abort.abort(new DOMException("The server is shutting down", "AbortError"));
    await Promise.all(Array.from(this.#memories.values(), (memory) => memory.idle()));
  }

  #memory(id: string): Memory {
    const known = this.#memories.get(id);
    if (known !== undefined) return known;
    const { targets, clock, log } = this.#options;
    const { signal } = this.#abort;
    const read = () => {
      signal.throwIfAborted();
      return targets.use(id, (target) => listBackups(target, { signal }));
    };
    const memory = new Memory(read, clock, (error) => {
      if (!signal.aborted) log.warn({ err: error, target: id }, "the backups of a target could not be read");
    });
    this.#memories.set(id, memory);
    return memory;
  }
}

/** The contents of one target. */
class Memory {
  readonly #read: () => Promise<BackupListing>;
  readonly #clock: Clock;
  readonly #onFailure: (error: unknown) => void;
  #triedAt = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | null = null;
  #next: Promise<void> | null = null;
  listing: BackupListing | null = null;
  readAt: number | null = null;
  error: unknown = null;

  constructor(read: () => Promise<BackupListing>, clock: Clock, onFailure: (error: unknown) => void) {
    this.#read = read;
    this.#clock = clock;
    this.#onFailure = onFailure;
  }

  /** Waits for the first reading only; what is old is read again in the background. */
  async current(): Promise<void> {
    const age = this.#clock.now() - this.#triedAt;
    if (this.listing === null && (this.error === null || age > RETRY_MS)) {
      await (this.#running ?? this.#start());
    } else if (age > FRESH_MS && this.#running === null) void this.#start();
  }

  /** Resolves when a reading that began after this call has ended. */
  renew(): Promise<void> {
    if (this.#running === null) return this.#start();
    this.#next ??= this.#running.then(() => this.#start());
    return this.#next;
  }

  async idle(): Promise<void> {
    await this.#running;
    await this.#next;
  }

  #start(): Promise<void> {
    this.#next = null;
    const running = this.#readOnce().finally(() => {
      this.#running = null;
    });
    this.#running = running;
    return running;
  }

  async #readOnce(): Promise<void> {
    const began = this.#clock.now();
    this.#triedAt = began;
    try {
      this.listing = await this.#read();
      this.readAt = began;
      this.error = null;
    } catch (error) {
      if (this.error === null) this.#onFailure(error);
      this.error = error;
    }
  }
}
