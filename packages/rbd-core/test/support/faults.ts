import { Image, IoCtx, type Cluster as NativeCluster, ObjectStore, RbdError } from "rbd-native";
import { Cluster } from "../../src/cluster/cluster.ts";

/** Breaks one call of the binding. `late` lets it take effect first, as when an answer is lost. */
export interface Fault {
  /** Counted from 0 over all calls on the cluster, its pools and images. */
  at: number;
  late: boolean;
  /** From then on every call is broken, and none takes effect. */
  andAfter?: boolean;
}

export interface FaultyCluster {
  cluster: Cluster;
  /** The calls that were made, by name. */
  calls: string[];
}

/** What another client does right before the first call of a name. */
export type Meddling = Readonly<Record<string, () => Promise<void>>>;

/** A cluster on which another client meddles with what is being worked on. */
export function meddledCluster(native: NativeCluster, meddling: Meddling): Cluster {
  return faultyCluster(native, null, meddling).cluster;
}

/** A cluster whose `fault.at`-th call rejects with `IO`. Handles are always closed for real. */
export function faultyCluster(
  native: NativeCluster,
  fault: Fault | null,
  meddling: Meddling = {},
): FaultyCluster {
  const calls: string[] = [];
  const originals = new WeakMap<object, object>();

  const broken = (name: string) =>
    new RbdError({ code: "IO", errno: 5, call: name, object: "injected", detail: "injected fault" });

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
    const closes = property === "close" || property === Symbol.asyncDispose;
    const name = closes ? "close" : String(property);
    const number = calls.length;
    const after = fault?.andAfter === true && number > fault.at;
    const breaks = after || number === fault?.at;
    calls.push(name);
    // Nobody waits for the end of a diff, so there is no late failure of one.
    if (breaks && name === "diffIterate") return failing(broken(name));
    if (breaks && (after || !fault?.late) && !closes) return Promise.reject(broken(name));
    const meddle = calls.indexOf(name) === number ? meddling[name] : undefined;
    if (meddle !== undefined) {
      return meddle().then(() =>
        settle(Reflect.apply(method as () => Promise<unknown>, target, args), undefined),
      );
    }
    const result: unknown = Reflect.apply(method as () => unknown, target, args);
    if (name === "diffIterate") return result;
    return settle(result as Promise<unknown>, breaks ? broken(name) : undefined);
  }

  async function settle(result: Promise<unknown>, error: Error | undefined): Promise<unknown> {
    if (error === undefined) {
      const made = await result;
      return made instanceof Image || made instanceof IoCtx ? wrap(made) : made;
    }
    const [outcome] = await Promise.allSettled([result]);
    // A handle that nobody gets would stay open: its watcher is not what is tested here.
    const made = outcome.status === "fulfilled" ? outcome.value : undefined;
    if (made instanceof Image || made instanceof IoCtx) await made.close();
    throw error;
  }

  return { cluster: new Cluster(wrap(native)), calls };
}

function failing(error: Error): AsyncIterable<never> {
  return { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(error) }) };
}
