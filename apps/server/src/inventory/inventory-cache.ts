import type { FastifyBaseLogger } from "fastify";
import type { Forest, Inventory, InventoryRow } from "rbd-core";
import { type Clock, type Timer, within } from "../base/clock.ts";
import { ServerError } from "../base/errors.ts";
import type { ServerEvent } from "../events/server-event.ts";
import { buildCatalog, type Catalog, changedKeys } from "./catalog.ts";

/** With more changes than this, fetching everything again is cheaper than the list of them. */
const MOST_KEYS = 1000;
/** The pause after a scan is this many times as long as the scan: a big cluster is not read all the time. */
const REST_PER_SCAN = 4;
/** How long a request waits for the very first scan. */
const FIRST_SCAN_MS = 20_000;

export interface InventoryCacheOptions {
  cluster: string;
  scan(signal: AbortSignal): Promise<{ inventory: Inventory; forest: Forest }>;
  clock: Clock;
  intervalMs: number;
  log: FastifyBaseLogger;
  publish(event: ServerEvent): void;
  /** Whether anybody has the dashboard open. */
  watched(): boolean;
  /** Why the cluster does not answer; null while it does. */
  outage(): unknown;
}

/**
 * Keeps the result of the newest scan of one cluster. A request is answered from it at once, and an old result is
 * renewed in the background. Nothing is scanned while nobody has the dashboard open. Scans never overlap.
 */
export class InventoryCache {
  readonly #options: InventoryCacheOptions;
  readonly #abort = new AbortController();
  #catalog: Catalog | null = null;
  #scannedAt = Number.NEGATIVE_INFINITY;
  #restMs: number;
  #failure: unknown = null;
  #running: Promise<Catalog> | null = null;
  #next: Promise<Catalog> | null = null;
  #timer: Timer | null = null;

  constructor(options: InventoryCacheOptions) {
    this.#options = options;
    this.#restMs = options.intervalMs;
  }

  /** Why the catalog cannot be renewed: the newest scan failed, or the cluster does not answer; null when it can. */
  get failure(): unknown {
    return this.#options.outage() ?? this.#failure;
  }

  /** When the scan behind the catalog began; null before the first scan. */
  get scannedAt(): string | null {
    return this.#catalog?.scannedAt ?? null;
  }

  /** Milliseconds since the scan behind the catalog began. */
  get ageMs(): number {
    return this.#options.clock.now() - this.#scannedAt;
  }

  /** The catalog as it is. Until the first scan is complete, callers wait for it. @throws {ServerError} `INVENTORY_NOT_READY` */
  async current(): Promise<Catalog> {
    if (this.#catalog === null) return this.#first();
    if (this.ageMs > this.#restMs) this.renew();
    return this.#catalog;
  }

  /** The rows of a scan that begins after this call. */
  async readRows(): Promise<InventoryRow[]> {
    const { rows } = await this.refresh();
    return rows.map(({ node }) => node.row);
  }

  /** Scans again in the background. */
  renew(): void {
    // A failure is logged and kept in `failure`.
    this.refresh().catch(() => {});
  }

  /** The result of a scan that begins after this call: one that is running may have passed what has just changed. */
  refresh(): Promise<Catalog> {
    if (this.#running === null) return this.#start();
    this.#next ??= this.#running.then(
      () => this.#start(),
      () => this.#start(),
    );
    return this.#next;
  }

  async close(): Promise<void> {
    this.#timer?.cancel();
    this.#abort.abort(new DOMException("The server is shutting down", "AbortError"));
    await Promise.allSettled([this.#running]);
    await Promise.allSettled([this.#next]);
  }

  #first(): Promise<Catalog> {
    const late = () =>
      new ServerError("INVENTORY_NOT_READY", "The images are being read for the first time.", {
        hint: "It takes longer than usual. Try again in a moment.",
      });
    return within(this.#options.clock, FIRST_SCAN_MS, this.#running ?? this.#start(), late);
  }

  #start(): Promise<Catalog> {
    this.#next = null;
    this.#timer?.cancel();
    const scan = this.#scan().finally(() => {
      this.#running = null;
      this.#schedule();
    });
    this.#running = scan;
    return scan;
  }

  async #scan(): Promise<Catalog> {
    const { clock, log, intervalMs } = this.#options;
    const began = clock.now();
    try {
      this.#abort.signal.throwIfAborted();
      const { inventory, forest } = await this.#options.scan(this.#abort.signal);
      const catalog = buildCatalog(this.#options.cluster, inventory, forest);
      this.#restMs = Math.max(intervalMs, REST_PER_SCAN * (clock.now() - began));
      this.#scannedAt = began;
      this.#failure = null;
      const before = this.#catalog;
      this.#catalog = catalog;
      if (before !== null) this.#announce(before, catalog);
      return catalog;
    } catch (error) {
      if (this.#failure === null && !this.#abort.signal.aborted)
        log.warn({ err: error }, "the images could not be read");
      this.#failure = error;
      throw error;
    }
  }

  #announce(before: Catalog, after: Catalog): void {
    const changed = changedKeys(before.fingerprints, after.fingerprints);
    const { cluster, scannedAt } = after;
    if (changed.length > MOST_KEYS) this.#options.publish({ type: "reset", cluster });
    else this.#options.publish({ type: "inventory", cluster, scannedAt, changed });
  }

  #schedule(): void {
    if (this.#abort.signal.aborted) return;
    this.#timer?.cancel();
    this.#timer = this.#options.clock.after(this.#restMs, () => {
      if (this.#options.watched()) this.renew();
      else this.#schedule();
    });
  }
}
