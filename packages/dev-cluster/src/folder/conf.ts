import { readFile } from "node:fs/promises";
import { DevClusterError, orUndefined } from "../errors.ts";
import { objectClassFolder } from "../machine/requirements.ts";
import { writeFileAtomically } from "./files.ts";
import { parseKey } from "./keyring.ts";
import { type ClusterPaths, inFolder } from "./paths.ts";
import type { ClusterState } from "./state.ts";

/** Rewrites the conf atomically: clients that read it at the same time see the old one or the new one. */
export async function writeConf(
  paths: ClusterPaths,
  state: ClusterState,
  monitorPort: number,
  extra: Settings = {},
): Promise<void> {
  const adminKey = parseKey((await orUndefined(readFile(paths.keyring, "utf8"))) ?? "", "client.admin");
  if (adminKey === undefined) throw incomplete(paths.keyring, "holds no key of client.admin");
  const { fsid, osdBytes } = state;
  const classFolder = await objectClassFolder();
  const conf = renderConf({ paths, fsid, monitorPort, osdBytes, classFolder, adminKey, extra });
  await writeFileAtomically(paths.conf, conf);
}

/** The port in the conf; for a monitor that runs, whose map cannot be read. */
export async function readConfPort(paths: ClusterPaths): Promise<number> {
  const port = parseMonitorHost((await orUndefined(readFile(paths.conf, "utf8"))) ?? "");
  if (port === undefined) throw incomplete(paths.conf, "does not say where the running monitor listens");
  return port;
}

function incomplete(path: string, how: string): DevClusterError {
  return new DevClusterError("STATE_UNREADABLE", `${path} ${how}.`, {
    call: "read",
    object: path,
    hint: "Stop the cluster and put the file back as it was.",
  });
}

interface ConfInput extends GlobalInput {
  paths: ClusterPaths;
  /** The key of `client.admin`. */
  adminKey: string;
  /** Further `[global]` settings; they win over the built-in ones. */
  extra?: Settings;
}

/** The text of the cluster's `ceph.conf`, for its daemons and its clients alike. */
export function renderConf({ paths, adminKey, extra = {}, ...global }: ConfInput): string {
  return [
    renderSection("global", { ...globalSettings(global), ...checkExtra(extra) }),
    renderSection("client", clientSettings()),
    renderSection("client.admin", adminSettings(paths.keyring, adminKey)),
    ...(["mon", "mgr", "osd"] as const).map((type) => renderSection(type, daemonSettings(type))),
  ].join("\n");
}

/** The port in a conf that `renderConf` wrote. */
export function parseMonitorHost(conf: string): number | undefined {
  const port = /^mon host = \[v2:127\.0\.0\.1:(\d+)\]$/m.exec(conf)?.[1];
  return port === undefined ? undefined : Number(port);
}

/**
 * Ceph takes `keyring` for a list, cut at blanks and equals signs, and its parser gives up on a letter that
 * is not ASCII. For such a path the conf contains the key itself; like the keyring, only its owner can read it.
 */
function adminSettings(keyring: string, key: string): Settings {
  return /^[\w/.:@%+-]+$/.test(keyring) ? { keyring } : { keyring: "", key };
}

function renderSection(name: string, settings: Settings): string {
  const lines = Object.entries(settings).map(([key, value]) => `${key} = ${value}`.trimEnd());
  return `[${name}]\n${lines.join("\n")}\n`;
}

/** @throws DevClusterError INVALID_ARGUMENT */
function checkExtra(extra: Settings): Settings {
  const normalised: Record<string, string> = {};
  for (const [key, value] of Object.entries(extra)) {
    if (!/^[a-z][a-z0-9_ /-]*$/.test(key) || !/^[ -~]*$/.test(value)) {
      throw new DevClusterError(
        "INVALID_ARGUMENT",
        `"${key} = ${value}" is not one setting of a ceph.conf.`,
        {
          call: "startCluster",
          object: key,
          hint: "Give a setting's name in lower case and a value of one line in ASCII.",
        },
      );
    }
    normalised[key.replace(/[_-]/g, " ")] = value;
  }
  return normalised;
}

type Settings = Readonly<Record<string, string>>;

interface GlobalInput {
  fsid: string;
  monitorPort: number;
  /** Size in bytes of each new OSD's file; matters to `ceph-osd --mkfs` only. */
  osdBytes: number;
  /** Where OSDs find their object classes; Ceph's own default without it. */
  classFolder?: string | undefined;
}

/** How the monitor is named in the conf and in the monitor map: messenger v2 alone, one port. */
export function monitorAddress(port: number): string {
  return `[v2:127.0.0.1:${port}]`;
}

function globalSettings({ fsid, monitorPort, osdBytes, classFolder }: GlobalInput): Settings {
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

    // One copy, on one machine; a down OSD must stay "in", there is no other place for its data.
    "osd pool default size": "1",
    "osd pool default min size": "1",
    "osd pool default pg num": "8",
    "osd pool default pg autoscale mode": "off",
    "osd crush chooseleaf type": "0",
    "crush location": "root=default host=coppice",
    "mon allow pool size one": "true",
    "mon allow pool delete": "true",
    "mon max pg per osd": "20000",
    "mon osd down out interval": "0",
    "mon warn on osd down out interval zero": "false",
    "mon warn on pool no redundancy": "false",
    // The free share of a development disk means nothing; at "crit" the monitor would even shut down.
    "mon data avail warn": "2",
    "mon data avail crit": "1",

    "mgr stats period": "1",
    "mgr initial modules": "",
    "mgr disabled modules": unneededModules.join(","),

    ...(classFolder === undefined ? {} : { "osd class dir": classFolder }),
    "osd objectstore": "bluestore",
    // A stopping OSD informs the monitor; where the monitor has already ended, it need not wait long.
    "osd mon shutdown timeout": "1",
    "osd memory target": String(1024 ** 3),
    "osd op queue": "wpq",
    // On a rotating disk, for which the OSD takes its file, it would pause five seconds after each object that it trims.
    "osd snap trim sleep": "0.001",
    "osd delete sleep": "0.001",
    "bluestore block size": String(osdBytes),
    "bluestore fsck on mkfs": "false",
    // An OSD opens and closes its file a dozen times as it starts, and each closing waits this long.
    "bdev aio poll ms": "25",
  };
}

function clientSettings(): Settings {
  return {
    // The defaults wait forever on a stopped cluster.
    "client mount timeout": "30",
    "rados mon op timeout": "30",
    "rados osd op timeout": "60",
  };
}

/** Paths are relative: a daemon's working directory is the cluster's folder. */
function daemonSettings(type: "mon" | "mgr" | "osd"): Settings {
  return {
    [`${type} data`]: "$type.$id",
    keyring: "$type.$id/keyring",
    "log file": `${inFolder.log}/$type.$id.log`,
    "mon cluster log file": `${inFolder.log}/cluster.log`,
    "admin socket": `${inFolder.run}/$type.$id.asok`,
    "pid file": `${inFolder.run}/$type.$id.pid`,
    "crash dir": inFolder.crash,
    // The daemon stays in the working directory in which it was started.
    chdir: "",
    "debug rocksdb": "1/5",
  };
}

/**
 * The manager imports every Python module that is installed, one after the other, before it becomes
 * active. Without these, which serve no RBD cluster on one machine, it starts in half the time.
 */
const unneededModules = [
  ...["alerts", "cephadm", "dashboard", "diskprediction_local", "feedback", "influx", "insights", "iostat"],
  ...["k8sevents", "localpool", "mds_autoscaler", "mirroring", "nfs", "osd_perf_query", "osd_support"],
  ...["prometheus", "restful", "rgw", "rook", "selftest", "snap_schedule", "stats", "telegraf"],
  ...["test_orchestrator", "zabbix"],
];
