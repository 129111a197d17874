import { DevClusterError } from "../errors.ts";
import { isAlive, type ProcessIdentity, signalProcess } from "./process-identity.ts";
import { waitUntil } from "./wait-until.ts";

/** Waits until none of the processes is alive. @throws DevClusterError TIMED_OUT */
async function waitForEnd(
  processes: readonly ProcessIdentity[],
  what: string,
  deadlineMs: number,
): Promise<void> {
  await waitUntil({ what: `${what} to end`, deadlineMs, intervalMs: 20 }, async () => {
    const alive = await Promise.all(processes.map(isAlive));
    return !alive.includes(true);
  });
}

/** SIGKILL, then waits until they are gone. */
export async function killProcesses(processes: readonly ProcessIdentity[], what: string): Promise<void> {
  await Promise.all(processes.map((process) => signalProcess(process, "SIGKILL")));
  await waitForEnd(processes, what, 10_000);
}

/**
 * SIGTERM, and SIGKILL for what is still there at the deadline.
 * @returns whether they ended by themselves.
 */
export async function terminateProcesses(
  processes: readonly ProcessIdentity[],
  what: string,
  deadlineMs: number,
): Promise<boolean> {
  await Promise.all(processes.map((process) => signalProcess(process, "SIGTERM")));
  try {
    await waitForEnd(processes, what, deadlineMs);
    return true;
  } catch (error) {
    if (!(error instanceof DevClusterError) || error.code !== "TIMED_OUT") throw error;
    await killProcesses(processes, what);
    return false;
  }
}
