import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { DevClusterError, systemErrorCode } from "../errors.ts";

interface LockOptions {
  /** What the holder does, shown to others: "starting". */
  activity: string;
  /** How long to wait for another holder. */
  waitMs: number;
  /** Told once for each other holder that is waited for: "process 123 (starting)". */
  onWait?(holder: string): void;
  signal?: AbortSignal | undefined;
}

interface ClusterLock extends AsyncDisposable {
  release(): Promise<void>;
}

/**
 * One starter or stopper for each folder at a time. The lock is an abstract unix socket (unix(7)) that
 * the holder listens on: the kernel lets only one in, and frees it the moment the holder dies, however it
 * dies. Those who wait keep a connection open; its end wakes them, and what it says tells who holds it.
 *
 * @throws DevClusterError LOCKED naming the holder when it does not finish within `waitMs`.
 */
export async function acquireClusterLock(dir: string, options: LockOptions): Promise<ClusterLock> {
  const address = lockAddress(dir);
  const deadline = AbortSignal.timeout(options.waitMs);
  const signal = options.signal === undefined ? deadline : AbortSignal.any([options.signal, deadline]);
  let holder = "another process";
  for (;;) {
    options.signal?.throwIfAborted();
    if (deadline.aborted) throw locked(dir, holder, options.waitMs);
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
    // Whoever waited may have given up: nothing to do for it then.
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

/** Stops listening first, then lets those who wait go, so that one of them finds the address free. */
async function closeServer(server: Server, waiting: ReadonlySet<Socket>): Promise<void> {
  if (!server.listening) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  server.close(() => resolve());
  for (const socket of waiting) socket.destroy();
  await promise;
}

/** Returns when the holder has let go, or `signal` was aborted. */
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
    `The cluster in ${dir} is held by ${holder}; waited ${waitMs / 1000} s.`,
    {
      call: "lock",
      object: dir,
      hint: "Let it finish, or end that process, and try again.",
    },
  );
}
