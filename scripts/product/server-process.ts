import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { createStream, type RotatingFileStream } from "rotating-file-stream";
import { UserError } from "../prepare/output.mjs";
import { root } from "../prepare/toolchain.mjs";
import { backupPool } from "./private-cluster.ts";
import type { ProductSettings } from "./settings.ts";

/** How long the server may take to end after SIGTERM: longer than the 30 s after which it ends itself. */
const graceMs = 35_000;
const tailLines = 20;
/** Requests leave little behind. Room for more of it would only be filled before it is freed: a hundred MiB under load. */
const smallYoungHeap = "--max-semi-space-size=4";
/** How many full log files of 10 MB are kept beside the current one: server.log.1 is the newest. */
const keptLogs = 4;

export interface RunningServer {
  /** Opens the dashboard signed in; it works once. */
  readonly signInUrl: string;
  readonly logFile: string;
  /** Resolves when the process has ended, with a description of how. */
  readonly ended: Promise<string>;
  /** Sends SIGTERM, and SIGKILL when the server takes too long to end. */
  stop(): Promise<void>;
}

/** The server's log: `server.log`, and as many full ones as are kept. Readable by their owner only. */
export function openLog(dataDir: string, size: "10M" | "64K" = "10M"): RotatingFileStream {
  return createStream("server.log", { path: dataDir, mode: 0o600, size, rotate: keptLogs });
}

/**
 * Starts the server on the given cluster and waits until it answers. @throws UserError with the end of its log, and the
 * reason of `signal` when it is aborted before
 */
export async function startServer(
  settings: ProductSettings,
  cephConf: string,
  signal: AbortSignal,
): Promise<RunningServer> {
  signal.throwIfAborted();
  const logFile = join(settings.dataDir, "server.log");
  const log = openLog(settings.dataDir);
  log.on("error", (error) => console.error(`The server's log cannot be written: ${error.message}`));
  // The IPC channel carries no data: when it closes, the server knows that its launcher has ended in some way.
  const child = spawn(process.execPath, [smallYoungHeap, join(root, "apps/server/dist/main.js")], {
    env: {
      // Ceph's client runs a dozen threads: one malloc arena for each would hold tens of MiB of unused memory.
      MALLOC_ARENA_MAX: "2",
      // A private cluster has a pool for backups; the environment may name another one.
      ...(settings.cephConf === undefined ? { COPPICE_BACKUP_POOL: backupPool } : {}),
      ...process.env,
      COPPICE_PORT: String(settings.port),
      COPPICE_HOST: settings.host,
      COPPICE_DATA: settings.dataDir,
      COPPICE_SIGN_IN_LINK: "1",
      CEPH_CONF: cephConf,
    },
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    // Only the launcher receives Ctrl-C; it decides what is stopped, and in which order.
    detached: true,
  });
  const tail: string[] = [];
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(`could not be started: ${error.message}`));
    child.once("close", (code, signal) =>
      resolve(signal ? `was ended by ${signal}` : `ended with exit code ${code}`),
    );
  });
  const signInUrl = new Promise<string>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue;
      createInterface({ input: stream }).on("line", (line) => {
        const url = signInUrlOf(line);
        if (url) return resolve(url);
        log.write(`${line}\n`);
        tail.push(line);
        if (tail.length > tailLines) tail.shift();
      });
    }
  });
  const stopped = new Promise<"stopped">((resolve) =>
    signal.addEventListener("abort", () => resolve("stopped"), { once: true }),
  );
  const first = await Promise.race([
    signInUrl.then((url) => ({ url })),
    ended.then((how) => ({ how })),
    stopped,
  ]);
  if (first === "stopped") {
    await end(child, ended);
    log.end();
    throw signal.reason;
  }
  if ("how" in first)
    throw new UserError(`The server ${first.how}.`, tail.join("\n") || `Its log is ${logFile}.`);
  return {
    signInUrl: first.url,
    logFile,
    ended,
    async stop() {
      await end(child, ended);
      log.end();
    },
  };
}

/** The URL in the one line that the server prints when it is ready; `undefined` for any other line (it is not logged). */
function signInUrlOf(line: string): string | undefined {
  if (!line.startsWith('{"ready":true')) return undefined;
  return (JSON.parse(line) as { url: string }).url;
}

async function end(child: ChildProcess, ended: Promise<string>): Promise<void> {
  child.kill("SIGTERM");
  const deadline = setTimeout(() => child.kill("SIGKILL"), graceMs);
  await ended;
  clearTimeout(deadline);
}
