import { clusterStatus } from "../cluster/cluster-status.ts";
import type { ClusterStatus, DevCluster } from "../cluster/options.ts";
import { startCluster } from "../cluster/start-cluster.ts";
import { stopCluster } from "../cluster/stop-cluster.ts";
import { DevClusterError } from "../errors.ts";
import { type CliCommand, parseCommandLine, usage } from "./command-line.ts";

/**
 * Runs one command line. Progress goes to standard error, the result (with `--json`, one line of JSON)
 * to standard output.
 * @returns the exit code: 0 done, 1 failed, 2 wrong command line, 3 (status only) not running, 130 interrupted.
 */
export async function main(args: readonly string[]): Promise<number> {
  const parsed = parseCommandLine(args);
  if ("problem" in parsed) {
    process.stderr.write(`${parsed.problem}\n${usage}\n`);
    return 2;
  }
  const interrupt = new AbortController();
  const onSignal = (signal: NodeJS.Signals) => interrupt.abort(new Error(`Interrupted by ${signal}.`));
  process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
  try {
    return await run(parsed, interrupt.signal);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    if (parsed.json) process.stdout.write(`${JSON.stringify({ error: describeError(error) })}\n`);
    return interrupt.signal.aborted ? 130 : 1;
  } finally {
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
  }
}

async function run(command: CliCommand, signal: AbortSignal): Promise<number> {
  const onProgress = (step: string) => process.stderr.write(`${step}\n`);
  const print = (value: unknown, sentence: string) =>
    process.stdout.write(`${command.json ? JSON.stringify(value) : sentence}\n`);
  switch (command.name) {
    case "help":
      process.stdout.write(`${usage}\n`);
      return 0;
    case "start": {
      const cluster = await startCluster({ ...command.start, onProgress, signal });
      const { dir, conf, fsid, name } = cluster;
      print({ dir, conf, fsid, name }, describeStart(cluster));
      return 0;
    }
    case "stop":
      await stopCluster(command.dir, { onProgress, signal });
      print({ dir: command.dir, state: "stopped" }, `The cluster in ${command.dir} is stopped.`);
      return 0;
    case "status": {
      const status = await clusterStatus(command.dir);
      print(status, describeStatus(command.dir, status));
      return status.state === "running" ? 0 : 3;
    }
  }
}

function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof DevClusterError))
    return { message: error instanceof Error ? error.message : String(error) };
  const { code, message, errno, call, object, hint } = error;
  return { code, message, errno, call, object, hint };
}

export function describeStart(cluster: Pick<DevCluster, "dir" | "conf">): string {
  return `The cluster in ${cluster.dir} is running. Use it: rbd --conf ${shellWord(cluster.conf)} ls`;
}

export function describeStatus(dir: string, status: ClusterStatus): string {
  if (status.state === "absent") return `${dir}: no cluster`;
  const lines = status.daemons.map(
    ({ name, pid }) => `  ${name.padEnd(6)} ${pid === null ? "-" : `process ${pid}`}`,
  );
  return [`${dir}: ${status.state}`, ...lines].join("\n");
}

/** The text as one word of a POSIX shell. */
export function shellWord(text: string): string {
  return /^[\w/.:@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
