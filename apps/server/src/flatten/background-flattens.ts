import type { FastifyBaseLogger } from "fastify";
import {
  type Cluster,
  CoppiceError,
  type DepthLimits,
  Flattener,
  type InventoryRow,
  showImageSpec,
  toImageSpec,
} from "rbd-core";
import type { Clock, Timer } from "../clock/clock.ts";
import { ServerError } from "../errors/server-error.ts";

/** After a look for requests that failed. */
const PAUSE_MS = 30_000;

export interface BackgroundFlattensOptions {
  clock: Clock;
  log: FastifyBaseLogger;
  limits: DepthLimits;
  /** Called when an image has lost its parent. */
  onFlattened(): void;
}

/**
 * Flattens images behind everybody's back, a few at a time. What is requested stands at the images themselves, so each
 * new connection begins with a look for what was left undone, by this server or another program.
 */
export class BackgroundFlattens {
  readonly #options: BackgroundFlattensOptions;
  readonly #abort = new AbortController();
  #flattener: Flattener | null = null;
  #timer: Timer | null = null;
  /** All that runs: looks for requests, and queues that are being closed. */
  readonly #running = new Set<Promise<void>>();

  constructor(options: BackgroundFlattensOptions) {
    this.#options = options;
  }

  /**
   * Takes up what was requested, on a connection that has just been made. What ran on the one before is given up: it
   * is found again.
   *
   * @param readRows Reads the images of the cluster.
   */
  begin(cluster: Cluster, readRows: () => Promise<readonly InventoryRow[]>): void {
    if (this.#abort.signal.aborted) return;
    this.#timer?.cancel();
    if (this.#flattener !== null) this.#track(this.#flattener.close());
    const { limits } = this.#options;
    const flattener = new Flattener(cluster, {
      limits,
      onSettled: (image, outcome) => this.#settled(showImageSpec(toImageSpec(image)), outcome),
    });
    this.#flattener = flattener;
    this.#track(this.#resume(flattener, readRows));
  }

  /** The queue. @throws {ServerError} `CLUSTER_UNREACHABLE` before there is a connection */
  get(): Flattener {
    if (this.#flattener === null) {
      throw new ServerError("CLUSTER_UNREACHABLE", "There is no connection to the cluster.", {
        hint: "The server goes on trying by itself.",
      });
    }
    return this.#flattener;
  }

  /** Stops what runs. What is not done stays requested. */
  async close(): Promise<void> {
    this.#abort.abort(new DOMException("The server is shutting down", "AbortError"));
    this.#timer?.cancel();
    if (this.#flattener !== null) this.#track(this.#flattener.close());
    await Promise.all(this.#running);
  }

  async #resume(flattener: Flattener, readRows: () => Promise<readonly InventoryRow[]>): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = this.#abort;
    try {
      const { pending, unreadable } = await flattener.resume(await readRows(), { signal });
      for (const error of unreadable) log.warn({ err: error }, "a request to flatten could not be read");
      for (const { image } of pending) log.info({ image: showImageSpec(image) }, "taking up a flatten");
    } catch (error) {
      if (signal.aborted || this.#flattener !== flattener) return;
      log.warn({ err: error }, "requests to flatten could not be looked for; trying again");
      this.#timer = clock.after(PAUSE_MS, () => this.#track(this.#resume(flattener, readRows)));
    }
  }

  #settled(image: string, outcome: { result: { flattened: boolean } } | { error: unknown }): void {
    const { log, onFlattened } = this.#options;
    if ("result" in outcome) {
      if (!outcome.result.flattened) return;
      log.info({ image }, "flattened");
      onFlattened();
    } else if (!isEnd(outcome.error)) {
      log.warn({ err: outcome.error, image }, "an image could not be flattened; the request stays");
    }
  }

  #track(work: Promise<void>): void {
    this.#running.add(work);
    work.finally(() => this.#running.delete(work));
  }
}

/** The queue was closed, which is no failure: the next one begins with what is left. */
function isEnd(error: unknown): boolean {
  return error instanceof CoppiceError && (error.code === "CANCELED" || error.code === "CLOSED");
}
