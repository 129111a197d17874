import type { FastifyBaseLogger } from "fastify";
import { type Cluster, CoppiceError } from "rbd-core";
import { type Clock, type Timer, within } from "../base/clock.ts";
import { ServerError, toUserError } from "../base/errors.ts";

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;
/** How long after its start an attempt is waited for. */
const PATIENCE_MS = 5000;

/** Codes after which a connection cannot be used any more. */
const DEAD: ReadonlySet<string> = new Set(["BLOCKLISTED", "SHUTDOWN", "CLOSED"]);

interface ClusterConnectionOptions {
  connect(signal: AbortSignal): Promise<Cluster>;
  clock: Clock;
  log: FastifyBaseLogger;
  /** Called after each connection that was made. */
  onConnected(): void;
}

/**
 * Holds the connection to one cluster. The server starts without it and keeps trying in the background. Once
 * connected, librados itself handles monitors and OSDs that fail and return; only a connection that the cluster has
 * blocklisted is replaced by a new one.
 */
export class ClusterConnection {
  readonly #options: ClusterConnectionOptions;
  readonly #abort = new AbortController();
  #cluster: Cluster | null = null;
  #reason: unknown = null;
  #pauseMs = FIRST_PAUSE_MS;
  #timer: Timer | null = null;
  #attempt: Promise<void> = Promise.resolve();
  #attemptAt = Number.NEGATIVE_INFINITY;
  readonly #closing = new Set<Promise<void>>();

  constructor(options: ClusterConnectionOptions) {
    this.#options = options;
  }

  /** Starts to connect, and returns at once. */
  open(): void {
    this.#attemptAt = this.#options.clock.now();
    this.#attempt = this.#connect();
  }

  get connected(): boolean {
    return this.#cluster !== null;
  }

  /** The id that the cluster gave itself; null while there is no connection. */
  get fsid(): string | null {
    return this.#cluster?.fsid ?? null;
  }

  /** Why there is no connection; null while there is one, or before the first attempt has ended. */
  get failure(): unknown {
    return this.#reason;
  }

  /** The connection. @throws {ServerError} `CLUSTER_UNREACHABLE` while there is none. */
  get(): Cluster {
    if (this.#cluster === null) throw this.#unreachable();
    return this.#cluster;
  }

  /**
   * The connection, or the one that is being made: a server that has just started, or has just lost its connection,
   * gets a moment to connect. An attempt that takes long, or has failed, is not waited for.
   *
   * @throws {ServerError} `CLUSTER_UNREACHABLE`
   */
  async whenOpen(): Promise<Cluster> {
    if (this.#cluster === null) {
      const { clock } = this.#options;
      const left = this.#attemptAt + PATIENCE_MS - clock.now();
      if (left > 0) await within(clock, left, this.#attempt, () => this.#unreachable());
    }
    return this.get();
  }

  /** Runs `work` on the connection. When the connection turns out to be dead, a new one is made. */
  async use<T>(work: (cluster: Cluster) => Promise<T>): Promise<T> {
    const cluster = await this.whenOpen();
    try {
      return await work(cluster);
    } catch (error) {
      if (error instanceof CoppiceError && DEAD.has(error.code)) this.#replace(cluster, error);
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#timer?.cancel();
    this.#abort.abort(new DOMException("The server is shutting down", "AbortError"));
    await this.#attempt;
    await this.#cluster?.close();
    this.#cluster = null;
    await Promise.allSettled(this.#closing);
  }

  async #connect(): Promise<void> {
    const { connect, log, onConnected } = this.#options;
    const { signal } = this.#abort;
    try {
      const cluster = await connect(signal);
      if (signal.aborted) {
        await cluster.close();
        return;
      }
      this.#cluster = cluster;
      this.#reason = null;
      this.#pauseMs = FIRST_PAUSE_MS;
      log.info({ fsid: cluster.fsid }, "connected to the cluster");
      onConnected();
    } catch (error) {
      if (signal.aborted) return;
      if (this.#reason === null)
        log.warn({ err: error }, "cannot connect to the cluster; trying again in the background");
      this.#reason = error;
      this.#timer = this.#options.clock.after(this.#pauseMs, () => this.open());
      this.#pauseMs = Math.min(2 * this.#pauseMs, LONGEST_PAUSE_MS);
    }
  }

  #replace(dead: Cluster, reason: CoppiceError): void {
    if (this.#cluster !== dead || this.#abort.signal.aborted) return;
    this.#options.log.warn({ err: reason }, "the connection to the cluster is lost; making a new one");
    this.#cluster = null;
    this.#reason = reason;
    const closing = dead.close().catch((error: unknown) => {
      this.#options.log.warn({ err: error }, "the lost connection could not be closed");
    });
    this.#closing.add(closing);
    void closing.then(() => this.#closing.delete(closing));
    this.open();
  }

  #unreachable(): ServerError {
    const reason = this.#reason;
    const because = reason === null ? "" : ` ${toUserError(reason).message}`;
    return new ServerError("CLUSTER_UNREACHABLE", `There is no connection to the cluster.${because}`, {
      hint: "The server keeps trying to connect.",
      cause: reason,
    });
  }
}
