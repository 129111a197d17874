import { open, stat } from "node:fs/promises";
import { join } from "node:path";
import { DevClusterError, orUndefined } from "../errors.ts";
import type { ClusterPaths } from "../folder/paths.ts";
import type { ClusterState } from "../folder/state.ts";
import type { Binary } from "../machine/requirements.ts";
import { type AdminSocket, askForObject } from "../process/admin-socket.ts";
import { waitUntil } from "../process/concurrency.ts";
import {
  type ClusterProcess,
  findClusterProcesses,
  killProcesses,
  terminateProcesses,
} from "../process/processes.ts";
import { type DaemonEnd, lastLines, spawnDaemon } from "../process/run-tool.ts";

const readyDeadlineMs = 60_000;
const stopDeadlineMs = 15_000;

/** A handle on one daemon of a cluster. It keeps no process: each call looks the daemon up. */
export class Daemon {
  /** `mon.a`, `mgr.x`, `osd.0`. */
  readonly name: string;
  readonly #type: DaemonType;
  readonly #paths: ClusterPaths;
  readonly #fsid: string;

  constructor(name: string, type: DaemonType, paths: ClusterPaths, fsid: string) {
    this.name = name;
    this.#type = type;
    this.#paths = paths;
    this.#fsid = fsid;
  }

  /** Its process number, or undefined when it does not run. */
  async pid(): Promise<number | undefined> {
    return (await this.#process())?.pid;
  }

  /**
   * Starts the daemon, or takes over the one that runs, and waits until it is ready.
   * @throws DevClusterError DAEMON_FAILED with the last lines it printed, TIMED_OUT.
   */
  async start(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if ((await this.#process()) !== undefined) return await this.#waitUntilReady(signal);
    const output = join(this.#paths.log, `${this.name}.out`);
    const before = (await orUndefined(stat(output)))?.size ?? 0;
    const { ended } = await spawnDaemon(this.#type.binary, this.#arguments(), output, this.#paths.dir);
    const readiness = new AbortController();
    const ready = this.#waitUntilReady(
      signal === undefined ? readiness.signal : AbortSignal.any([signal, readiness.signal]),
    );
    const early = await Promise.race([ready, ended]);
    if (early === undefined) return;
    const failure = this.#startFailed(early, await readFrom(output, before));
    readiness.abort(failure);
    await ready;
  }

  /** Sends SIGTERM, and SIGKILL after a deadline. @returns whether it ended by itself. */
  async stop(): Promise<boolean> {
    const process = await this.#process();
    return process === undefined || (await terminateProcesses([process], this.name, stopDeadlineMs));
  }

  /** Sends SIGKILL, as if the daemon crashed. Returns when it has ended. */
  async kill(): Promise<void> {
    const process = await this.#process();
    if (process !== undefined) await killProcesses([process], this.name);
  }

  async #process(): Promise<ClusterProcess | undefined> {
    const processes = await findClusterProcesses(this.#paths.conf);
    return processes.find(
      ({ role, name, fsid }) => role === "daemon" && name === this.name && fsid === this.#fsid,
    );
  }

  #arguments(): string[] {
    const id = this.name.slice(this.name.indexOf(".") + 1);
    return ["--foreground", "--conf", this.#paths.conf, "--id", id, "--fsid", this.#fsid];
  }

  async #waitUntilReady(signal: AbortSignal | undefined): Promise<void> {
    const socket = { folder: this.#paths.run, name: `${this.name}.asok` };
    await waitUntil(
      {
        what: `${this.name} ${this.#type.readyWhen}`,
        deadlineMs: readyDeadlineMs,
        intervalMs: 50,
        hint: `See ${join(this.#paths.log, `${this.name}.log`)}.`,
        signal,
      },
      (pollSignal) => this.#type.isReady(socket, pollSignal),
    );
  }

  #startFailed(end: DaemonEnd, output: string): DevClusterError {
    const how = end.code === null ? `was ended by ${end.signal}` : `ended with exit code ${end.code}`;
    return new DevClusterError("DAEMON_FAILED", `${this.name} ${how}: ${lastLines(readable(output), 10)}`, {
      call: this.#type.binary,
      object: this.name,
      hint: `See ${join(this.#paths.log, `${this.name}.log`)}.`,
    });
  }
}

async function readFrom(path: string, offset: number): Promise<string> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - offset), 0, size - offset, offset);
    return buffer.toString("utf8", 0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Removes the time and thread of each line, and the messages about admin socket commands that came too early. */
function readable(output: string): string {
  return output
    .replaceAll(/^.*AdminSocket: request .* not defined$/gm, "")
    .replaceAll(/^\d{4}-\S+ [0-9a-f]+ +-?\d+ /gm, "");
}

/** What differs between the three kinds of daemons. */
interface DaemonType {
  readonly binary: Binary;
  /** What "ready" means, for messages. */
  readonly readyWhen: string;
  isReady(socket: AdminSocket, signal: AbortSignal): Promise<boolean>;
}

const monitorType: DaemonType = {
  binary: "ceph-mon",
  readyWhen: "to lead its quorum",
  async isReady(socket, signal) {
    return (await askForObject(socket, "mon_status", signal))?.state === "leader";
  },
};

const managerType: DaemonType = {
  binary: "ceph-mgr",
  readyWhen: "to become active",
  async isReady(socket, signal) {
    // The command exists only after this manager has become active.
    return (await askForObject(socket, "mgr_status", signal))?.initialized === true;
  },
};

const osdType: DaemonType = {
  binary: "ceph-osd",
  readyWhen: "to be up in the OSD map",
  async isReady(socket, signal) {
    return (await askForObject(socket, "status", signal))?.state === "active";
  },
};

export const monitorName = "mon.a";
export const managerName = "mgr.x";

export function osdName(id: number): string {
  return `osd.${id}`;
}

/** Handles on the daemons that `state` asks for, in the order in which they start. */
export function clusterDaemons(paths: ClusterPaths, state: ClusterState): Daemon[] {
  return [
    new Daemon(monitorName, monitorType, paths, state.fsid),
    ...(state.mgr ? [new Daemon(managerName, managerType, paths, state.fsid)] : []),
    ...state.osds.map(({ id }) => new Daemon(osdName(id), osdType, paths, state.fsid)),
  ];
}
