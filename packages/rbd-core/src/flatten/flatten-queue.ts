import { CoppiceError } from "../errors/index.ts";
import { type ImageSpec, type ImageSpecLike, showImageSpec, toImageOnly } from "../names/index.ts";

/** `first`: a clone waits for it, because the hard limit is reached. `later`: when there is room. */
export type FlattenUrgency = "first" | "later";

/** A flatten in the queue, for listings. */
export interface FlattenJob {
  image: ImageSpec;
  state: "queued" | "running" | "canceling";
  urgency: FlattenUrgency;
  /** Objects. `total` is 0 until the first progress. */
  done: number;
  total: number;
}

/** How many may run at the same time. */
export interface FlattenConcurrency {
  /** In all pools together. */
  total: number;
  /** In one pool, when `pools` does not name it. */
  perPool: number;
  /** In single pools, by name; 0 stops a pool. */
  pools?: Readonly<Record<string, number>>;
}

export const defaultFlattenConcurrency: Readonly<FlattenConcurrency> = { total: 4, perPool: 1 };

export interface FlattenProgress {
  /** Objects. */
  done: number;
  total: number;
}

export interface FlattenRunOptions {
  signal: AbortSignal;
  onProgress(progress: FlattenProgress): void;
}

export interface FlattenRequest {
  urgency?: FlattenUrgency;
  /** Withdraws this request. The flatten itself goes on while another request waits for it. */
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: FlattenProgress) => void) | undefined;
}

interface Waiter<Result> {
  request: FlattenRequest;
  settle: PromiseWithResolvers<Result>;
}

interface Entry<Result> extends FlattenJob {
  pool: string;
  abort: AbortController;
  waiters: Set<Waiter<Result>>;
}

/**
 * Runs flattens a few at a time, within limits per pool. Two requests for one image share one flatten. The queue does not
 * survive a restart; a request noted with `requestFlatten` does.
 */
export class FlattenQueue<Result> implements AsyncDisposable {
  readonly #run: (image: ImageSpec, options: FlattenRunOptions) => Promise<Result>;
  readonly #limits: FlattenConcurrency;
  readonly #entries = new Map<string, Entry<Result>>();
  readonly #running = new Set<Promise<void>>();
  #closed = false;

  constructor(
    run: (image: ImageSpec, options: FlattenRunOptions) => Promise<Result>,
    limits: FlattenConcurrency = defaultFlattenConcurrency,
  ) {
    this.#run = run;
    this.#limits = limits;
  }

  /**
   * Flattens an image when its turn comes.
   *
   * @returns What the run returned. Rejects with its error, with the signal's reason, or `CANCELED`.
   * @throws {CoppiceError} `INVALID_NAME`; `CLOSED` once the queue is closed.
   */
  async add(image: ImageSpecLike, request: FlattenRequest = {}): Promise<Result> {
    const spec = toImageOnly(image);
    request.signal?.throwIfAborted();
    if (this.#closed) throw refusal("CLOSED", spec, "the queue is closed");
    const key = JSON.stringify([spec.pool, spec.namespace, spec.image]);
    const entry = this.#entries.get(key) ?? this.#newEntry(key, spec);
    if (entry.state === "canceling") {
      throw refusal("BUSY", spec, "its flatten is being canceled", "Try again in a moment.");
    }
    if (request.urgency === "first") entry.urgency = "first";
    const waiter: Waiter<Result> = { request, settle: Promise.withResolvers() };
    entry.waiters.add(waiter);
    const leave = () => this.#leave(key, entry, waiter);
    request.signal?.addEventListener("abort", leave, { once: true });
    this.#pump();
    try {
      return await waiter.settle.promise;
    } finally {
      request.signal?.removeEventListener("abort", leave);
    }
  }

  /** Cancels the flatten of an image for all that wait for it. Returns whether there was one. */
  cancel(image: ImageSpecLike): boolean {
    const { pool, namespace, image: name } = toImageOnly(image);
    const key = JSON.stringify([pool, namespace, name]);
    const entry = this.#entries.get(key);
    if (entry === undefined) return false;
    this.#cancel(key, entry);
    return true;
  }

  /** The running and the waiting flattens, in the order of their requests. */
  list(): FlattenJob[] {
    return [...this.#entries.values()].map(({ image, state, urgency, done, total }) => ({
      image,
      state,
      urgency,
      done,
      total,
    }));
  }

  /** Cancels everything, and resolves when no flatten is running. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const [key, entry] of this.#entries) this.#cancel(key, entry);
    await Promise.all(this.#running);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #newEntry(key: string, image: ImageSpec): Entry<Result> {
    const entry: Entry<Result> = {
      image,
      pool: image.pool,
      state: "queued",
      urgency: "later",
      done: 0,
      total: 0,
      abort: new AbortController(),
      waiters: new Set(),
    };
    this.#entries.set(key, entry);
    return entry;
  }

  #pump(): void {
    const waiting = [...this.#entries.entries()]
      .filter(([, entry]) => entry.state === "queued")
      .map(([key, entry]) => ({ key, entry, pool: entry.pool, urgency: entry.urgency }));
    const active = new Map<string, number>();
    for (const { state, pool } of this.#entries.values()) {
      if (state !== "queued") active.set(pool, (active.get(pool) ?? 0) + 1);
    }
    for (const { key, entry } of nextJobs(waiting, active, this.#limits)) {
      entry.state = "running";
      const run = this.#start(key, entry);
      this.#running.add(run);
      run.finally(() => this.#running.delete(run));
    }
  }

  async #start(key: string, entry: Entry<Result>): Promise<void> {
    const onProgress = ({ done, total }: FlattenProgress) => {
      entry.done = done;
      entry.total = total;
      for (const { request } of entry.waiters) request.onProgress?.({ done, total });
    };
    try {
      const result = await this.#run(entry.image, { signal: entry.abort.signal, onProgress });
      for (const { settle } of entry.waiters) settle.resolve(result);
    } catch (error) {
      for (const { settle } of entry.waiters) settle.reject(error);
    } finally {
      this.#entries.delete(key);
      this.#pump();
    }
  }

  #leave(key: string, entry: Entry<Result>, waiter: Waiter<Result>): void {
    if (!entry.waiters.delete(waiter)) return;
    waiter.settle.reject(waiter.request.signal?.reason);
    if (entry.waiters.size === 0) this.#cancel(key, entry);
  }

  #cancel(key: string, entry: Entry<Result>): void {
    if (entry.state === "canceling") return;
    const error = refusal("CANCELED", entry.image, "it was canceled");
    if (entry.state === "running") {
      entry.state = "canceling";
      entry.abort.abort(error);
      return;
    }
    this.#entries.delete(key);
    for (const { settle } of entry.waiters) settle.reject(error);
  }
}

function refusal(code: "CLOSED" | "BUSY" | "CANCELED", spec: ImageSpec, why: string, hint?: string) {
  const object = showImageSpec(spec);
  return new CoppiceError({
    code,
    call: "flattenImage",
    object,
    message: `${object} is not flattened: ${why}`,
    hint,
  });
}

interface Candidate {
  pool: string;
  urgency: FlattenUrgency;
}

/**
 * The waiting jobs that may start now: urgent ones first, then in the order of their requests, as far as the limits of all
 * pools together and of each pool allow. A full pool does not delay the others. Pure.
 *
 * @param waiting In the order of their requests.
 * @param running How many are running, by pool.
 */
export function nextJobs<T extends Candidate>(
  waiting: readonly T[],
  running: ReadonlyMap<string, number>,
  limits: FlattenConcurrency,
): T[] {
  const inPool = new Map(running);
  let room = limits.total - inPool.values().reduce((sum, count) => sum + count, 0);
  const ordered = [
    ...waiting.filter(({ urgency }) => urgency === "first"),
    ...waiting.filter(({ urgency }) => urgency === "later"),
  ];
  return ordered.filter(({ pool }) => {
    const count = inPool.get(pool) ?? 0;
    if (room <= 0 || count >= (limits.pools?.[pool] ?? limits.perPool)) return false;
    inPool.set(pool, count + 1);
    room--;
    return true;
  });
}
