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
import type { Clock, Timer } from "../base/clock.ts";
import { ServerError } from "../base/errors.ts";
import type { Host } from "../base/host.ts";
import { type Clusters, PerCluster } from "../cluster/clusters.ts";

/** The pause after the first failure to read requests or to flatten. It doubles with each failure that follows. */
const PAUSE_MS = 30_000;
const LONGEST_PAUSE_MS = 600_000;

interface BackgroundFlattensOptions {
  clock: Clock;
  log: FastifyBaseLogger;
  limits: DepthLimits;
  /** Called when an image has lost its parent. */
  onFlattened(): void;
}

/** A queue of flattens for each cluster; nothing is flattened yet. All are closed at shutdown. */
export function createFlattens(
  { config, clock, log, opened }: Host,
  clusters: Clusters,
  onFlattened: (cluster: string) => void,
): PerCluster<BackgroundFlattens> {
  const flattens = new PerCluster(
    clusters.ids,
    (cluster) =>
      new BackgroundFlattens({
        clock,
        log: log.child({ cluster }),
        limits: config.depthLimits,
        onFlattened: () => onFlattened(cluster),
      }),
  );
  opened.defer(() => flattens.closeAll());
  return flattens;
}

/**
 * Flattens images of one cluster in the background, a few at a time. The requests are stored with the images
 * themselves. After each new connection, requests that were left over by this server or another program are read and
 * taken up. After a failure, the requests are read again later.
 */
export class BackgroundFlattens {
  readonly #options: BackgroundFlattensOptions;
  readonly #abort = new AbortController();
  #flattener: Flattener | null = null;
  #timer: Timer | null = null;
  #readRows: () => Promise<readonly InventoryRow[]> = async () => [];
  /** Failures since the last success. */
  #failures = 0;
  /** Everything that close waits for: requests being read, and queues being closed. */
  readonly #running = new Set<Promise<void>>();

  constructor(options: BackgroundFlattensOptions) {
    this.#options = options;
  }

  /**
   * Makes a queue on a connection that has just been made, and takes up all requests. A flatten that runs on the
   * connection before is stopped; its request is found again.
   *
   * @param reconciled When interrupted operations have been tried: a flatten of those would keep its image busy.
   * @param readRows Reads the images of the cluster.
   */
  begin(cluster: Cluster, reconciled: Promise<void>, readRows: () => Promise<readonly InventoryRow[]>): void {
    if (this.#abort.signal.aborted) return;
    this.#timer?.cancel();
    this.#timer = null;
    this.#failures = 0;
    if (this.#flattener !== null) this.#track(this.#flattener.close());
    this.#readRows = readRows;
    const { limits } = this.#options;
    const flattener = new Flattener(cluster, {
      limits,
      onSettled: (image, outcome) => {
        if (this.#settled(showImageSpec(toImageSpec(image)), outcome)) this.#failures = 0;
        else this.#retryLater(flattener, readRows);
      },
    });
    this.#flattener = flattener;
    void reconciled.then(() => {
      if (this.#flattener === flattener && !this.#abort.signal.aborted) {
        this.#track(this.#resume(flattener, readRows));
      }
    });
  }

  /** The queue. @throws {ServerError} `CLUSTER_UNREACHABLE` before there is a connection */
  get(): Flattener {
    if (this.#flattener === null) {
      throw new ServerError("CLUSTER_UNREACHABLE", "There is no connection to the cluster.", {
        hint: "The server keeps trying to connect.",
      });
    }
    return this.#flattener;
  }

  /** Puts an image into the queue whose request to be flattened stands with it. */
  takeUp(image: string): void {
    const flattener = this.get();
    this.#track(
      flattener.flatten(image).then(
        (result) => void this.#settled(image, { result }),
        (error: unknown) => {
          if (!this.#settled(image, { error })) this.#retryLater(flattener, this.#readRows);
        },
      ),
    );
  }

  /** Stops running flattens. Their requests stay with the images. */
  async close(): Promise<void> {
    this.#abort.abort(new DOMException("The server is shutting down", "AbortError"));
    this.#timer?.cancel();
    if (this.#flattener !== null) this.#track(this.#flattener.close());
    await Promise.all(this.#running);
  }

  async #resume(flattener: Flattener, readRows: () => Promise<readonly InventoryRow[]>): Promise<void> {
    const { log } = this.#options;
    const { signal } = this.#abort;
    try {
      const { pending, unreadable } = await flattener.resume(await readRows(), { signal });
      for (const error of unreadable) log.warn({ err: error }, "a request to flatten could not be read");
      for (const { image } of pending) log.info({ image: showImageSpec(image) }, "taking up a flatten");
    } catch (error) {
      if (signal.aborted || this.#flattener !== flattener) return;
      log.warn({ err: error }, "requests to flatten could not be read; trying again later");
      this.#retryLater(flattener, readRows);
    }
  }

  /** Reads the requests again after a pause: once for all failures until then. */
  #retryLater(flattener: Flattener, readRows: () => Promise<readonly InventoryRow[]>): void {
    if (this.#abort.signal.aborted || this.#flattener !== flattener || this.#timer !== null) return;
    const pause = Math.min(PAUSE_MS * 2 ** this.#failures, LONGEST_PAUSE_MS);
    this.#failures += 1;
    this.#timer = this.#options.clock.after(pause, () => {
      this.#timer = null;
      this.#track(this.#resume(flattener, readRows));
    });
  }

  /** Logs the outcome. @returns whether nothing is left to do for the image */
  #settled(image: string, outcome: { result: { flattened: boolean } } | { error: unknown }): boolean {
    const { log, onFlattened } = this.#options;
    if ("result" in outcome) {
      if (outcome.result.flattened) {
        log.info({ image }, "flattened");
        onFlattened();
      }
      return true;
    }
    // When the queue was closed, the one of the next connection takes up what is left.
    if (isEnd(outcome.error)) return true;
    log.warn({ err: outcome.error, image }, "an image could not be flattened; trying again later");
    return false;
  }

  #track(work: Promise<void>): void {
    this.#running.add(work);
    work.finally(() => this.#running.delete(work));
  }
}

/** Whether the request was withdrawn or the queue closed, which is not a failure. */
function isEnd(error: unknown): boolean {
  return error instanceof CoppiceError && (error.code === "CANCELED" || error.code === "CLOSED");
}
