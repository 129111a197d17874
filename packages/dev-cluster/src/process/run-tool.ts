import { spawn } from "node:child_process";
import { open } from "node:fs/promises";
import { DevClusterError, systemErrno } from "../errors.ts";
import type { ClusterPaths } from "../folder/paths.ts";

interface ToolRun {
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
  // A tool that ends without reading its input closes the pipe: its exit code is what matters.
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

/**
 * Runs one of Ceph's programs for this cluster to its end, in its folder and marked as its tool.
 * @param call for messages: the program and the words that say what it does, `"ceph osd new"`.
 * @returns its standard output.
 * @throws DevClusterError TOOL_FAILED, TIMED_OUT; `signal.reason` when aborted.
 */
export async function runClusterTool(
  paths: ClusterPaths,
  call: string,
  args: readonly string[],
  { signal, input }: { signal: AbortSignal; input?: string },
): Promise<string> {
  const [command = ""] = call.split(" ");
  return await runTool({
    call,
    command,
    args,
    cwd: paths.dir,
    env: { [toolMark]: paths.conf },
    signal,
    ...(input === undefined ? {} : { input }),
  });
}

/**
 * A new cephx secret in Ceph's base64 form, of the cipher that this machine's Ceph wants: a monitor of Ceph 20 refuses
 * those that older ones make.
 */
export async function generateKey(paths: ClusterPaths, signal: AbortSignal): Promise<string> {
  const printed = await runClusterTool(paths, "ceph-authtool --gen-print-key", ["--gen-print-key"], {
    signal,
  });
  return printed.trim();
}

/** The end of a daemon that was just spawned: exit code or the signal's name. */
export interface DaemonEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
}

interface SpawnedDaemon {
  readonly pid: number;
  /** Resolves if the daemon ends; never rejects. It does not keep this process alive. */
  readonly ended: Promise<DaemonEnd>;
}

/**
 * Starts a daemon in a session of its own, so that it survives the end of this process and its terminal. Its output is
 * appended to `outputFile`.
 */
export async function spawnDaemon(
  command: string,
  args: readonly string[],
  outputFile: string,
  cwd: string,
): Promise<SpawnedDaemon> {
  const output = await open(outputFile, "a", 0o600);
  try {
    const child = spawn(command, args, {
      cwd,
      detached: true,
      env: cephEnvironment(),
      stdio: ["ignore", output.fd, output.fd],
    });
    const started = Promise.withResolvers<number>();
    const ended = Promise.withResolvers<DaemonEnd>();
    child.once("spawn", () => started.resolve(child.pid ?? 0));
    child.once("error", (cause) =>
      started.reject(
        new DevClusterError("DAEMON_FAILED", `${command} could not be started.`, {
          call: command,
          errno: systemErrno(cause),
          cause,
        }),
      ),
    );
    child.once("exit", (code, signal) => ended.resolve({ code, signal }));
    child.unref();
    return { pid: await started.promise, ended: ended.promise };
  } finally {
    await output.close();
  }
}

/** Marks the tools that a start runs with the cluster's conf, so that a later start finds abandoned ones. */
export const toolMark = "COPPICE_DEV_CLUSTER_TOOL";

/**
 * The environment for Ceph's daemons and tools, without variables that point to another cluster (`CEPH_CONF`,
 * `CEPH_KEYRING`), add arguments (`CEPH_ARGS`), or load a library that is meant for the caller (`LD_PRELOAD`: a
 * sanitizer, under which `ceph` aborts).
 */
export function cephEnvironment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const dropped = [toolMark, "LD_PRELOAD"];
  const kept = Object.entries(env).filter(([name]) => !dropped.includes(name) && !name.startsWith("CEPH_"));
  return { ...Object.fromEntries(kept), LC_ALL: "C.UTF-8" };
}
