import { Image, IoCtx, RbdError } from "rbd-native";

export interface BrokenRun<T> {
  /** Which calls of the binding were made, closing handles left out, in the order they were started. */
  calls: string[];
  /** The call that was made to fail; `undefined` when there were fewer calls, or it failed by itself. */
  struck: string | undefined;
  outcome: { result: T; error?: never } | { error: unknown; result?: never };
}

type Method = (this: object, ...args: unknown[]) => unknown;

/**
 * Runs `flow` while the `at`-th call on a pool or an image (from 0) is made to fail with `IO`. `late` lets it take
 * effect first, as when the answer is lost. Nothing else may use the binding meanwhile.
 */
export async function withBrokenCall<T>(
  at: number,
  late: boolean,
  flow: () => Promise<T>,
): Promise<BrokenRun<T>> {
  const calls: string[] = [];
  let struck: string | undefined;

  function broken(name: string): RbdError {
    struck = `${name} (call ${at})`;
    return new RbdError({ code: "IO", errno: 5, call: name, object: "injected", detail: "injected fault" });
  }

  function replacement(name: string, original: Method): Method {
    return function (this: object, ...args: unknown[]) {
      const breaks = calls.push(name) - 1 === at;
      if (name === "diffIterate") return breaks ? failing(broken(name)) : original.apply(this, args);
      if (breaks && !late) return Promise.reject(broken(name));
      const answer = original.apply(this, args) as Promise<unknown>;
      return breaks ? answer.then((made) => lose(made, name)) : answer;
    };
  }

  /** A handle that nobody gets would stay open: its watcher is not what is tested here. */
  async function lose(made: unknown, name: string): Promise<never> {
    if (made instanceof Image) await made.close();
    throw broken(name);
  }

  const restore = [...prototypesOf(IoCtx), ...prototypesOf(Image)].flatMap((prototype) =>
    replaceMethods(prototype, replacement),
  );
  try {
    return { outcome: await settled(flow), calls, struck };
  } finally {
    for (const put of restore) put();
  }
}

/** Of a class and of those it extends. */
function prototypesOf(type: { readonly prototype: object }): object[] {
  const found: object[] = [];
  for (let at = type.prototype; at !== Object.prototype; at = Object.getPrototypeOf(at)) found.push(at);
  return found;
}

function replaceMethods(
  prototype: object,
  replacement: (name: string, original: Method) => Method,
): (() => void)[] {
  const restore: (() => void)[] = [];
  for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    if (name === "constructor" || name === "close" || typeof descriptor.value !== "function") continue;
    Object.defineProperty(prototype, name, {
      ...descriptor,
      value: replacement(name, descriptor.value as Method),
    });
    restore.push(() => Object.defineProperty(prototype, name, descriptor));
  }
  return restore;
}

async function settled<T>(flow: () => Promise<T>): Promise<BrokenRun<T>["outcome"]> {
  try {
    return { result: await flow() };
  } catch (error) {
    return { error };
  }
}

// biome-ignore lint/correctness/useYield: a diff that fails before its first batch
async function* failing(error: Error): AsyncGenerator<never> {
  throw error;
}
