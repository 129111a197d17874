import { spawn } from "node:child_process";
import { DevClusterError, systemErrno } from "../errors.ts";
import { cephEnvironment } from "./environment.ts";

export interface ToolRun {
  /** For messages: `"ceph-osd --mkfs"`. */
  call: string;
  command: string;
  args: readonly string[];
  cwd?: string;
  /** Variables beside those that every program of Ceph gets. */
  env?: NodeJS.ProcessEnv;
  /** Text for its standard input. */
  input?: string;
  deadlineMs?: number;
  signal?: AbortSignal | undefined;
}

/**
 * Runs one of Ceph's tools to its end.
 * @returns its standard output.
 * @throws DevClusterError TOOL_FAILED with the end of its output, TIMED_OUT; `signal.reason` when aborted.
 */
export async function runTool(run: ToolRun): Promise<string> {
  run.signal?.throwIfAborted();
  const deadline = AbortSignal.timeout(run.deadlineMs ?? 60_000);
  const signal = run.signal === undefined ? deadline : AbortSignal.any([run.signal, deadline]);
  const child = spawn(run.command, run.args, {
    cwd: run.cwd,
    env: { ...cephEnvironment(), ...run.env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const kill = () => child.kill("SIGKILL");
  signal.addEventListener("abort", kill, { once: true });

  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let output = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  // A tool that ends without reading its input closes the pipe: its exit code tells the story.
  child.stdin.on("error", () => undefined);
  child.stdin.end(run.input ?? "");
  child.on("error", (cause) =>
    reject(
      new DevClusterError("TOOL_FAILED", `${run.call} could not be started.`, {
        call: run.call,
        errno: systemErrno(cause),
        cause,
      }),
    ),
  );
  child.on("close", (code, signalName) => {
    if (code === 0) return resolve(output);
    if (run.signal?.aborted) return reject(run.signal.reason);
    const said = lastLines(`${errors}\n${output}`, 6);
    if (deadline.aborted) {
      return reject(
        new DevClusterError("TIMED_OUT", `${run.call} did not end in time. ${said}`, { call: run.call }),
      );
    }
    const how = code === null ? `was ended by ${signalName}` : `failed with exit code ${code}`;
    reject(new DevClusterError("TOOL_FAILED", `${run.call} ${how}: ${said}`, { call: run.call }));
  });
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", kill);
  }
}

export function lastLines(text: string, count: number): string {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.slice(-count).join("\n");
}
