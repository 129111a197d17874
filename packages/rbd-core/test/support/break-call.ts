import { Image, IoCtx, type Cluster as NativeCluster, ObjectStore, RbdError } from "rbd-native";
import { Cluster } from "../../src/cluster/cluster.ts";

/** Breaks one call of the binding: it rejects with `IO`. */
export interface Fault {
  /** Counted from 0. */
  at: number;
  /** Lets the call take effect first, as when an answer is lost. */
  late: boolean;
  /** From then on every call is broken, and none takes effect. */
  andAfter?: boolean;
  /** Counts and breaks only the calls on pools and images, not those on the cluster and on RADOS objects. */
  imagesOnly?: boolean;
}

export interface FaultyCluster {
  /** A connection whose calls are counted and broken. It shares the native one, so do not close it. */
  cluster: Cluster;
  /** The counted calls, by name. */
  calls: string[];
  /** Closes the pools that were opened through it. */
  closePools(): Promise<void>;
}

/** What another client does right before the first call of a name. */
export type Meddling = Readonly<Record<string, () => Promise<void>>>;

/** A connection on which another client changes things between two calls. */
export function meddledCluster(native: NativeCluster, meddling: Meddling): Cluster {
  return faultyCluster(native, null, meddling).cluster;
}

/** A connection whose `fault.at`-th call rejects with `IO`. Handles are always closed for real. */
export function faultyCluster(
  native: NativeCluster,
  fault: Fault | null,
  meddling: Meddling = {},
): FaultyCluster {
  const calls: string[] = [];
  const originals = new WeakMap<object, object>();
  const pools: IoCtx[] = [];

  function wrap<T extends object>(target: T): T {
    const proxy = new Proxy(target, {
      get(_, property) {
        const value: unknown = Reflect.get(target, property, target);
        if (value instanceof ObjectStore) return wrap(value);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => call(target, property, value, args.map(unwrap));
      },
    });
    originals.set(proxy, target);
    return proxy;
  }

  function unwrap(value: unknown): unknown {
    if (typeof value !== "object" || value === null) return value;
    const original = originals.get(value);
    if (original !== undefined) return original;
    if (Object.getPrototypeOf(value) !== Object.prototype) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unwrap(inner)]));
  }

  function call(target: object, property: string | symbol, method: unknown, args: unknown[]): unknown {
    const proceed = (): unknown => Reflect.apply(method as () => unknown, target, args);
    const closes = property === "close" || property === Symbol.asyncDispose;
    const isOnImage = target instanceof Image || target instanceof IoCtx;
    if (fault?.imagesOnly === true && (closes || !isOnImage)) return settle(proceed(), undefined);
    const name = closes ? "close" : String(property);
    const number = calls.push(name) - 1;
    const after = fault?.andAfter === true && number > fault.at;
    const breaks = after || number === fault?.at;
    // A diff is an iterable, which fails when it is read: it has no late failure.
    if (breaks && name === "diffIterate") return failing(injected(name));
    if (breaks && (after || !fault?.late) && !closes) return Promise.reject(injected(name));
    const meddle = calls.indexOf(name) === number ? meddling[name] : undefined;
    if (meddle !== undefined) return meddle().then(() => settle(proceed(), undefined));
    return settle(proceed(), breaks ? injected(name) : undefined);
  }

  function settle(result: unknown, error: Error | undefined): unknown {
    if (!(result instanceof Promise)) return result;
    return error === undefined ? result.then(wrapHandle) : failLate(result, error);
  }

  function wrapHandle(made: unknown): unknown {
    if (made instanceof IoCtx) pools.push(made);
    return made instanceof Image || made instanceof IoCtx ? wrap(made) : made;
  }

  async function failLate(result: Promise<unknown>, error: Error): Promise<never> {
    const [outcome] = await Promise.allSettled([result]);
    // Nobody gets this handle, so it would stay open: its watcher is not what is tested here.
    const made = outcome.status === "fulfilled" ? outcome.value : undefined;
    if (made instanceof Image || made instanceof IoCtx) await made.close();
    throw error;
  }

  return {
    cluster: new Cluster(wrap(native), Number.POSITIVE_INFINITY),
    calls,
    closePools: async () => void (await Promise.all(pools.map((pool) => pool.close()))),
  };
}

function injected(name: string): RbdError {
  return new RbdError({ code: "IO", errno: 5, call: name, object: "injected", detail: "injected fault" });
}

function failing(error: Error): AsyncIterable<never> {
  return { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(error) }) };
}

export interface BrokenRun<T> {
  /** The calls on pools and images that were made, in the order they were started. */
  calls: string[];
  /** The call that was broken; `undefined` when there were fewer calls. */
  struck: string | undefined;
  outcome: { result: T; error?: never } | { error: unknown; result?: never };
}

/**
 * Runs `flow` on a connection of its own, whose `at`-th call on a pool or an image (from 0) rejects with `IO`; with
 * `late` it takes effect first, as when the answer is lost.
 */
export async function withBrokenCall<T>(
  native: NativeCluster,
  at: number,
  late: boolean,
  flow: (cluster: Cluster) => Promise<T>,
): Promise<BrokenRun<T>> {
  const { cluster, calls, closePools } = faultyCluster(native, { at, late, imagesOnly: true });
  try {
    const outcome = await flow(cluster).then(
      (result) => ({ result }),
      (error: unknown) => ({ error }),
    );
    return { outcome, calls, struck: at < calls.length ? `${calls[at]} (call ${at})` : undefined };
  } finally {
    await closePools();
  }
}
