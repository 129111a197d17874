import type { Binary } from "../machine/binaries.ts";
import { type AdminSocket, askForObject } from "../process/admin-socket.ts";

/** What differs between the three kinds of daemons. */
export interface DaemonType {
  readonly binary: Binary;
  /** What "ready" means, for messages. */
  readonly readyWhen: string;
  isReady(socket: AdminSocket, signal: AbortSignal): Promise<boolean>;
}

export const monitorType: DaemonType = {
  binary: "ceph-mon",
  readyWhen: "to lead its quorum",
  async isReady(socket, signal) {
    return (await askForObject(socket, "mon_status", signal))?.state === "leader";
  },
};

export const managerType: DaemonType = {
  binary: "ceph-mgr",
  readyWhen: "to become active",
  async isReady(socket, signal) {
    // The command exists only once this manager has become the active one.
    return (await askForObject(socket, "mgr_status", signal))?.initialized === true;
  },
};

export const osdType: DaemonType = {
  binary: "ceph-osd",
  readyWhen: "to be up in the OSD map",
  async isReady(socket, signal) {
    return (await askForObject(socket, "status", signal))?.state === "active";
  },
};
