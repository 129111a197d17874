import { inFolder } from "../cluster/paths.ts";

export type Settings = Readonly<Record<string, string>>;

export interface GlobalInput {
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

export function globalSettings({ fsid, monitorPort, osdBytes, classFolder }: GlobalInput): Settings {
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
    // The share of the disk that is free says nothing here; at "crit" the monitor would even shut down.
    "mon data avail warn": "2",
    "mon data avail crit": "1",

    "mgr stats period": "1",
    "mgr initial modules": "",
    "mgr disabled modules": unneededModules.join(","),

    ...(classFolder === undefined ? {} : { "osd class dir": classFolder }),
    "osd objectstore": "bluestore",
    // An OSD that is stopped tells the monitor; where that is gone already, it need not wait long.
    "osd mon shutdown timeout": "1",
    "osd memory target": String(1024 ** 3),
    "osd op queue": "wpq",
    "bluestore block size": String(osdBytes),
    "bluestore fsck on mkfs": "false",
    // An OSD opens and closes its file a dozen times as it starts, and each closing waits this long.
    "bdev aio poll ms": "25",
  };
}

export function clientSettings(): Settings {
  return {
    // The defaults wait for ever on a cluster that is stopped.
    "client mount timeout": "30",
    "rados mon op timeout": "30",
    "rados osd op timeout": "60",
  };
}

/** Paths are relative: a daemon's working directory is the cluster's folder. */
export function daemonSettings(type: "mon" | "mgr" | "osd"): Settings {
  return {
    [`${type} data`]: "$type.$id",
    keyring: "$type.$id/keyring",
    "log file": `${inFolder.log}/$type.$id.log`,
    "mon cluster log file": `${inFolder.log}/cluster.log`,
    "admin socket": `${inFolder.run}/$type.$id.asok`,
    "pid file": `${inFolder.run}/$type.$id.pid`,
    "crash dir": inFolder.crash,
    // Stays in the working directory it was started in.
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
