import type { ClusterPaths } from "../cluster/paths.ts";
import { DevClusterError } from "../errors.ts";

export interface ConfInput {
  paths: ClusterPaths;
  fsid: string;
  monitorPort: number;
  /** Size in bytes of each new OSD's file; matters to `ceph-osd --mkfs` only. */
  osdBytes: number;
  /** Further `[global]` settings; they win over the built-in ones. */
  extra?: Record<string, string>;
}

/** The text of the cluster's `ceph.conf`, for its daemons and its clients alike. */
export function renderConf(input: ConfInput): string {
  const sections: [string, Record<string, string>][] = [
    ["global", { ...globalSettings(input), ...checkedExtra(input.extra ?? {}) }],
    ["client", clientSettings(input.paths)],
    ["mon", { "mon data": quote(`${input.paths.dir}/$type.$id`), ...daemonSettings(input.paths) }],
    ["mgr", { "mgr data": quote(`${input.paths.dir}/$type.$id`), ...daemonSettings(input.paths) }],
    ["osd", { "osd data": quote(`${input.paths.dir}/$type.$id`), ...daemonSettings(input.paths) }],
  ];
  return `${sections.map(([name, settings]) => renderSection(name, settings)).join("\n")}`;
}

/** How the monitor is named in the conf and in the monitor map: messenger v2 alone, one port. */
export function monitorAddress(port: number): string {
  return `[v2:127.0.0.1:${port}]`;
}

function globalSettings({ paths, fsid, monitorPort, osdBytes }: ConfInput): Record<string, string> {
  return {
    fsid,
    "mon host": monitorAddress(monitorPort),
    "public addr": "127.0.0.1",
    "cluster addr": "127.0.0.1",
    "ms bind msgr1": "false",
    "auth cluster required": "cephx",
    "auth service required": "cephx",
    "auth client required": "cephx",
    "auth allow insecure global id reclaim": "false",

    // Every snapshot and every pool goes through the monitor: without these two each takes a second.
    "paxos propose interval": "0.02",
    "paxos min wait": "0.01",
    "mgr stats period": "1",

    // One copy, on one machine; a down OSD must stay "in", there is no other place for its data.
    "osd pool default size": "1",
    "osd pool default min size": "1",
    "osd pool default pg num": "8",
    "osd pool default pgp num": "8",
    "osd pool default pg autoscale mode": "off",
    "osd crush chooseleaf type": "0",
    "crush location": "root=default host=coppice",
    "mon allow pool size one": "true",
    "mon allow pool delete": "true",
    "mon max pg per osd": "20000",
    "mon osd down out interval": "0",
    "mon warn on pool no redundancy": "false",
    // The monitor's own share of a disk says nothing here; at "crit" it would even shut down.
    "mon data avail warn": "2",
    "mon data avail crit": "1",

    "osd objectstore": "bluestore",
    "osd memory target": String(1024 ** 3),
    "osd op queue": "wpq",
    "bluestore block size": String(osdBytes),
    "bluestore fsck on mkfs": "false",

    "crash dir": quote(paths.crash),
    "run dir": quote(paths.run),
    "mon cluster log file": quote(`${paths.log}/cluster.log`),
  };
}

function clientSettings(paths: ClusterPaths): Record<string, string> {
  return {
    keyring: quote(paths.keyring),
    // The defaults wait for ever on a cluster that is stopped.
    "client mount timeout": "30",
    "rados mon op timeout": "30",
    "rados osd op timeout": "60",
  };
}

function daemonSettings(paths: ClusterPaths): Record<string, string> {
  return {
    "log file": quote(`${paths.log}/$type.$id.log`),
    "admin socket": quote(`${paths.run}/$type.$id.asok`),
    "pid file": quote(`${paths.run}/$type.$id.pid`),
    "debug rocksdb": "1/5",
  };
}

function renderSection(name: string, settings: Record<string, string>): string {
  const lines = Object.entries(settings).map(([key, value]) => `${key} = ${value}\n`);
  return `[${name}]\n${lines.join("")}`;
}

/** In double quotes `#`, `;` and blanks are plain characters; a quote or backslash needs its backslash. */
function quote(value: string): string {
  return `"${value.replace(/[\\"]/g, "\\$&")}"`;
}

function checkedExtra(extra: Record<string, string>): Record<string, string> {
  const normalised: Record<string, string> = {};
  for (const [key, value] of Object.entries(extra)) {
    if (!/^[a-z][a-z0-9_ /-]*$/.test(key) || /[\r\n]/.test(value)) {
      throw new DevClusterError(
        "INVALID_ARGUMENT",
        `"${key} = ${value}" is not one setting of a ceph.conf.`,
        {
          call: "startCluster",
          object: key,
          hint: "Give a setting's name in lower case and a value of one line.",
        },
      );
    }
    normalised[key.replace(/[_-]/g, " ")] = value;
  }
  return normalised;
}
