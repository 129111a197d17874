import { spawn } from "node:child_process";
import { open } from "node:fs/promises";
import { DevClusterError, systemErrno } from "../errors.ts";
import { cephEnvironment } from "./environment.ts";

/** The end of a daemon that was just spawned: exit code or the signal's name. */
export interface DaemonEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface SpawnedDaemon {
  readonly pid: number;
  /** Resolves if the daemon ends; never rejects. It does not keep this process alive. */
  readonly ended: Promise<DaemonEnd>;
}

/**
 * Starts a daemon in a session of its own, so that it lives on when this process or its terminal goes
 * away. What it prints goes to the end of `outputFile`.
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
