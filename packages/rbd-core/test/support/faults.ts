import { Image, IoCtx, type Cluster as NativeCluster, RbdError } from "rbd-native";
import { Cluster } from "../../src/cluster/cluster.ts";

/** Breaks one call of the binding. `late` lets it take effect first, as when an answer is lost. */
export interface Fault {
  /** Counted from 0 over all calls on the cluster, its pools and images. */
  at: number;
  late: boolean;
}

export interface FaultyCluster {
  cluster: Cluster;
  /** The calls that were made, by name. */
  calls: string[];
}

/** A cluster whose `fault.at`-th call rejects with `IO`. Handles are always closed for real. */
export function faultyCluster(native: NativeCluster, fault: Fault | null): FaultyCluster {
  const calls: string[] = [];
  const originals = new WeakMap<object, object>();

  const broken = (name: string) =>
    new RbdError({ code: "IO", errno: 5, call: name, object: "injected", detail: "injected fault" });

  function wrap<T extends object>(target: T): T {
    const proxy = new Proxy(target, {
      get(_, property) {
        const value: unknown = Reflect.get(target, property, target);
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
    const breaks = fault !== null && calls.length === fault.at;
    calls.push(name);
    if (breaks && !fault.late && !closes) {
      return name === "diffIterate" ? failing(broken(name)) : Promise.reject(broken(name));
    }
    const result: unknown = Reflect.apply(method as () => unknown, target, args);
    if (name === "diffIterate") {
      return breaks ? failing(broken(name), result as AsyncIterable<unknown>) : result;
    }
    return (result as Promise<unknown>).then((made) => {
      const isHandle = made instanceof Image || made instanceof IoCtx;
      if (!breaks) return isHandle ? wrap(made) : made;
      // A handle that nobody gets would stay open: its watcher is not what is tested here.
      return (isHandle ? made.close() : Promise.resolve()).then(() => Promise.reject(broken(name)));
    });
  }

  return { cluster: new Cluster(wrap(native)), calls };
}

async function* failing(error: Error, source: AsyncIterable<unknown> = (async function* () {})()) {
  for await (const batch of source) yield batch;
  throw error;
}
