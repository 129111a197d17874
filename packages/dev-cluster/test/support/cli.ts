import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const entry = fileURLToPath(new URL("./run-cli.ts", import.meta.url));

export interface CliResult {
  code: number | null;
  stdout: string;
  progress: string[];
}

function spawnCli(args: readonly string[], options: SpawnOptions = {}): ChildProcess {
  return spawn(process.execPath, [entry, ...args], { ...options, stdio: ["ignore", "pipe", "pipe"] });
}

/** Runs the command line from its sources, in a process of its own, to its end. */
export async function cli(args: readonly string[], options: SpawnOptions = {}): Promise<CliResult> {
  const child = spawnCli(args, options);
  const result: CliResult = { code: null, stdout: "", progress: [] };
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    result.stdout += text;
  });
  if (child.stderr !== null) createInterface(child.stderr).on("line", (line) => result.progress.push(line));
  [result.code] = await once(child, "close");
  return result;
}

/**
 * Starts it and kills it (SIGKILL) the moment it reports the step that begins with `step`.
 * @returns the steps it reported; whether it was killed, rather than done before.
 */
export async function killAtStep(
  args: readonly string[],
  step: string,
): Promise<{ steps: string[]; killed: boolean }> {
  const child = spawnCli(args);
  const steps: string[] = [];
  if (child.stderr !== null) {
    createInterface(child.stderr).on("line", (line) => {
      steps.push(line);
      if (line.startsWith(step)) child.kill("SIGKILL");
    });
  }
  const [, signal] = await once(child, "close");
  return { steps, killed: signal === "SIGKILL" };
}
