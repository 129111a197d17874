import { systemClock } from "./clock/clock.ts";
import { within } from "./clock/within.ts";
import { checkFiles } from "./config/check-files.ts";
import { ConfigError, readConfig } from "./config/config.ts";
import { DataDirInUseError } from "./data/instance-lock.ts";
import { EXIT, ExitError } from "./server/exit-error.ts";
import { type RunningServer, startServer } from "./server/start-server.ts";
import { untilStopped } from "./server/until-stopped.ts";

/** Longer than tasks get to undo what is half made; a cluster that does not answer must not hold the process. */
const SHUTDOWN_MS = 30_000;

try {
  await main();
} catch (error) {
  const code = exitCodeFor(error);
  const text = error instanceof Error ? (code === null ? error.stack : error.message) : String(error);
  process.stderr.write(`${text}\n`);
  process.exitCode = code ?? 1;
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

/** One line of JSON for whoever started this process and waits for it. */
async function announce(server: RunningServer): Promise<void> {
  const link = (await server.signInLink()) ?? { url: server.origin, username: null };
  process.stdout.write(`${JSON.stringify({ ready: true, ...link })}\n`);
}

async function shutDown(server: RunningServer): Promise<void> {
  const late = () => new Error("The server did not shut down in time; ending it.");
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
