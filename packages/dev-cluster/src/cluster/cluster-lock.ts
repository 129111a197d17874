import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { DevClusterError, systemErrorCode } from "../errors.ts";

const defaultWaitMs = 120_000;

interface LockOptions {
  /** What the holder does, for the messages of waiting processes: "starting". */
  activity: string;
  /** How long to wait for another holder; longer than any start or stop takes without it. */
  waitMs?: number;
  /** Called once for each other holder that is waited for: "process 123 (starting)". */
  onWait?(holder: string): void;
  signal?: AbortSignal | undefined;
}

interface ClusterLock extends AsyncDisposable {
  release(): Promise<void>;
}

/**
 * Lets one process at a time start or stop the cluster of a folder. The lock is an abstract unix socket (unix(7)) on
 * which the holder listens: the kernel lets only one process bind it, and frees it as soon as the holder ends, in any
 * way. Waiting processes keep a connection open; its end wakes them, and its data names the holder.
 *
 * @throws DevClusterError LOCKED naming the holder when it does not finish within `waitMs`.
 */
export async function acquireClusterLock(dir: string, options: LockOptions): Promise<ClusterLock> {
  const { waitMs = defaultWaitMs } = options;
  const address = lockAddress(dir);
  const deadline = AbortSignal.timeout(waitMs);
  const signal = options.signal === undefined ? deadline : AbortSignal.any([options.signal, deadline]);
  let holder = "another process";
  for (;;) {
    options.signal?.throwIfAborted();
    if (deadline.aborted) throw locked(dir, holder, waitMs);
    const lock = await tryToListen(address, `process ${process.pid} (${options.activity})`);
    if (lock !== undefined) return lock;
    await waitForHolder(address, signal, (name) => {
      holder = name;
      options.onWait?.(name);
    });
  }
}

function lockAddress(dir: string): string {
  return `\0coppice-dev-cluster-${createHash("sha256").update(dir).digest("hex").slice(0, 32)}`;
}

async function tryToListen(address: string, introduction: string): Promise<ClusterLock | undefined> {
  const waiting = new Set<Socket>();
  const server = createServer((socket) => {
    waiting.add(socket);
    socket.on("close", () => waiting.delete(socket));
    // The waiting process may have ended, which is no error here.
    socket.on("error", () => undefined);
    socket.write(introduction);
  });
  try {
    server.listen({ path: address });
    await once(server, "listening");
  } catch (error) {
    if (systemErrorCode(error) === "EADDRINUSE") return undefined;
    throw error;
  }
  server.unref();
  const release = () => closeServer(server, waiting);
  return { release, [Symbol.asyncDispose]: release };
}

/** Stops listening first, then disconnects the waiting processes, so that one of them finds the address free. */
async function closeServer(server: Server, waiting: ReadonlySet<Socket>): Promise<void> {
  if (!server.listening) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  for (const socket of waiting) socket.destroy();
  await promise;
}

/** Returns when the holder has released the lock, or `signal` was aborted. */
async function waitForHolder(
  address: string,
  signal: AbortSignal,
  onHolder: (name: string) => void,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = connect({ path: address });
  const giveUp = () => socket.destroy();
  signal.addEventListener("abort", giveUp, { once: true });
  socket.setEncoding("utf8").once("data", onHolder);
  socket.on("error", (error) => {
    if (["ECONNREFUSED", "ECONNRESET"].includes(systemErrorCode(error) ?? "")) resolve();
    else reject(error);
  });
  socket.on("close", () => resolve());
  if (signal.aborted) giveUp();
  try {
    await promise;
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}

function locked(dir: string, holder: string, waitMs: number): DevClusterError {
  return new DevClusterError(
    "LOCKED",
    `The cluster in ${dir} is locked by ${holder}, which did not finish within ${waitMs / 1000} s.`,
    {
      call: "lock",
      object: dir,
      hint: "Let it finish, or end that process, and try again.",
    },
  );
}
