import type { FastifyBaseLogger } from "fastify";
import { type Cluster, CoppiceError } from "rbd-core";
import { type Clock, type Timer, within } from "../base/clock.ts";
import { ServerError, toUserError } from "../base/errors.ts";

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;
/** How long after its start an attempt is waited for. */
const PATIENCE_MS = 5000;

/** The pause between two checks of a connected cluster. */
const CHECK_MS = 5000;
/** Healthy monitors and OSDs answer in milliseconds; without them librados waits for a minute, or for ever. */
export const ANSWER_MS = 5000;

/** Codes after which a connection cannot be used any more. */
export const DEAD: ReadonlySet<string> = new Set(["BLOCKLISTED", "SHUTDOWN", "CLOSED"]);

interface ClusterConnectionOptions {
  connect(signal: AbortSignal): Promise<Cluster>;
  /** Resolves when the monitors and an OSD have answered. */
  check(cluster: Cluster): Promise<void>;
  clock: Clock;
  log: FastifyBaseLogger;
  /** Called after each connection that was made. */
  onConnected(): void;
  /** Called when the cluster answers again after an outage. */
  onRecovered(): void;
}

/**
 * Holds the connection to one cluster. The server starts without it and keeps trying in the background. Once
 * connected, librados itself handles monitors and OSDs that fail and return; only a connection that the cluster has
 * blocklisted is replaced by a new one. Calls wait for a long time during an outage, so the cluster is checked every few
 * seconds: while it does not answer, new work is refused at once, and queued tasks stay in the queue.
 */
export class ClusterConnection {
  readonly #options: ClusterConnectionOptions;
  readonly #abort = new AbortController();
  #cluster: Cluster | null = null;
  #reason: unknown = null;
  #pauseMs = FIRST_PAUSE_MS;
  #timer: Timer | null = null;
  #attempt: Promise<void> = Promise.resolve();
  #checking: Promise<void> | null = null;
  #checkTimer: Timer | null = null;
  /** Rejects what waits for an answer, when an outage begins. */
  readonly #waiting = new Set<(reason: unknown) => void>();
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

  /** Whether there is a connection, and the cluster answered when it was last checked. */
  get answering(): boolean {
    return this.#cluster !== null && this.#reason === null;
  }

  /** The id that the cluster gave itself; null while there is no connection. */
  get fsid(): string | null {
    return this.#cluster?.fsid ?? null;
  }

  /** Why there is no connection, or no answer; null while there is one, or before the first attempt has ended. */
  get failure(): unknown {
    return this.#reason;
  }

  /** The connection. @throws {ServerError} `CLUSTER_UNREACHABLE` while there is none, or the cluster does not answer. */
  get(): Cluster {
    if (this.#cluster === null || this.#reason !== null) throw this.#unreachable();
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
      if (error instanceof CoppiceError && error.code === "TIMED_OUT") void this.check().catch(() => {});
      throw error;
    }
  }

  /**
   * Like `use`, for reading: rejects as soon as an outage is noticed, instead of when librados gives up. The work itself
   * is not stopped. @throws {ServerError} `CLUSTER_UNREACHABLE`
   */
  async ask<T>(work: (cluster: Cluster) => Promise<T>): Promise<T> {
    const { promise: outage, reject } = Promise.withResolvers<never>();
    this.#waiting.add(reject);
    try {
      return await Promise.race([this.use(work), outage]);
    } finally {
      this.#waiting.delete(reject);
    }
  }

  /** Checks now whether the cluster answers. @throws {ServerError} `CLUSTER_UNREACHABLE` */
  async check(): Promise<void> {
    const cluster = this.#cluster;
    if (cluster === null) throw this.#unreachable();
    // A check that has no answer yet is not repeated: librados goes on trying by itself.
    this.#checking ??= this.#runCheck(cluster).finally(() => {
      this.#checking = null;
    });
    try {
      await within(this.#options.clock, ANSWER_MS, this.#checking, noAnswer);
    } catch (error) {
      this.#noteOutage(cluster, error);
    }
    this.get();
  }

  async close(): Promise<void> {
    this.#timer?.cancel();
    this.#checkTimer?.cancel();
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
      this.#checkLater();
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

  #checkLater(): void {
    this.#checkTimer?.cancel();
    this.#checkTimer = this.#options.clock.after(CHECK_MS, () => {
      if (this.#cluster === null) return; // checked again after the next connection
      const again = () => {
        if (!this.#abort.signal.aborted) this.#checkLater();
      };
      this.check().then(again, again);
    });
  }

  /** Resolves when the cluster has answered, also when it refused: that is no outage. */
  async #runCheck(cluster: Cluster): Promise<void> {
    try {
      await this.#options.check(cluster);
    } catch (error) {
      if (error instanceof CoppiceError && DEAD.has(error.code)) this.#replace(cluster, error);
      if (error instanceof CoppiceError && error.code === "TIMED_OUT") throw noAnswer(error);
    }
    if (this.#cluster !== cluster || this.#reason === null) return;
    this.#reason = null;
    this.#options.log.info("the cluster answers again");
    this.#options.onRecovered();
  }

  #noteOutage(cluster: Cluster, reason: unknown): void {
    if (this.#cluster !== cluster || this.#reason !== null || this.#abort.signal.aborted) return;
    this.#reason = reason;
    this.#options.log.warn({ err: reason }, "the cluster does not answer; checking again in the background");
    for (const reject of this.#waiting) reject(reason);
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
    if (this.#cluster !== null && reason instanceof ServerError) return reason;
    const because = reason === null ? "" : ` ${toUserError(reason).message}`;
    return new ServerError("CLUSTER_UNREACHABLE", `There is no connection to the cluster.${because}`, {
      hint: "The server keeps trying to connect.",
      cause: reason,
    });
  }
}

function noAnswer(cause?: unknown): ServerError {
  return new ServerError("CLUSTER_UNREACHABLE", "The cluster does not answer.", {
    hint: "Check that its monitors and OSDs run and that this machine reaches them. The server keeps trying.",
    cause,
  });
}
