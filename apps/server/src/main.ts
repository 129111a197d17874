import { systemClock, within } from "./base/clock.ts";
import { ConfigError, checkFiles, readConfig } from "./base/config.ts";
import { DataDirInUseError } from "./base/data-dir.ts";
import { EXIT, ExitError } from "./listen.ts";
import { type RunningServer, startServer } from "./start-server.ts";
import { commandError, userCommand } from "./user-command.ts";

/** Longer than running tasks may take to undo what is half made. A cluster that does not answer must not hold the process. */
const SHUTDOWN_MS = 30_000;

/** Signals that ask a server to stop. */
const SIGNALS = ["SIGINT", "SIGTERM"] as const;

try {
  const [command, ...args] = process.argv.slice(2);
  if (command === "user")
    await userCommand(args, process.env).catch((error) => Promise.reject(commandError(error)));
  else await main();
} catch (error) {
  const code = exitCodeFor(error);
  const text = error instanceof Error ? (code === null ? error.stack : error.message) : String(error);
  process.stderr.write(`${text}\n`);
  // What was opened is closed again. The listeners for signals and for the launcher must not keep a failed start running.
  process.exit(code ?? 1);
}

/** Runs the server until it is told to stop. */
async function main(): Promise<void> {
  const stopped = untilStopped();
  const config = readConfig(process.env);
  await checkFiles(config);
  const server = await startServer(config);
  try {
    if (config.signInLink) await announce(server);
    await stopped;
  } finally {
    await shutDown(server);
  }
}

/** Writes one line of JSON for the program that started this process and waits until it is ready. */
async function announce(server: RunningServer): Promise<void> {
  const link = (await server.signInLink()) ?? { url: server.origin, username: null };
  process.stdout.write(`${JSON.stringify({ ready: true, ...link })}\n`);
}

async function shutDown(server: RunningServer): Promise<void> {
  const late = () => new Error("The server did not shut down in time. It is ended now.");
  try {
    await within(systemClock, SHUTDOWN_MS, server.close(), late);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  }
}

function exitCodeFor(error: unknown): number | null {
  if (error instanceof ExitError) return error.exitCode;
  if (error instanceof ConfigError) return EXIT.setting;
  if (error instanceof DataDirInUseError) return EXIT.dataDirInUse;
  return null;
}

/**
 * Resolves at the first SIGINT or SIGTERM, or when the launcher that holds the other end of this process's IPC channel
 * has ended, so that no orphaned server keeps the port. A second signal ends the process at once, for a person who does
 * not want to wait for tasks that undo their work.
 */
function untilStopped(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let stopping = false;
  const stop = () => {
    stopping = true;
    process.off("disconnect", stop); // a listener keeps the channel open, and with it this process running
    resolve();
  };
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (stopping) process.exit(signal === "SIGINT" ? 130 : 143);
      stop();
    });
  }
  process.on("disconnect", stop);
  return promise;
}
