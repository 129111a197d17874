import type { CallOptions } from "../call-options.ts";
import type { NativeConnectOptions } from "../internal/binding-types.ts";
import { checkCount, checkName, checkText } from "../internal/check.ts";

export interface ConnectOptions extends CallOptions {
  /** Path of a ceph.conf; without it `$CEPH_CONF` or Ceph's default places. */
  readonly conf?: string | undefined;
  /** The user without its `client.`; `admin` without it. */
  readonly user?: string | undefined;
  /** Name of the cluster in file names; `ceph` without it. */
  readonly cluster?: string | undefined;
  /** Settings that go over those of the file and of `$CEPH_ARGS`. */
  readonly settings?: Readonly<Record<string, string>> | undefined;
  /** How long connecting may take (`client_mount_timeout`); 30 unless the file sets it. 0 waits for ever. */
  readonly mountTimeoutSeconds?: number | undefined;
  /** How long an answer of a monitor may take (`rados_mon_op_timeout`); 30 unless the file sets it. */
  readonly monTimeoutSeconds?: number | undefined;
  /** How long an answer of an OSD may take (`rados_osd_op_timeout`); 60 unless the file sets it. */
  readonly osdTimeoutSeconds?: number | undefined;
}

// Ceph's own defaults wait for ever (five minutes to connect).
const timeouts = [
  { option: "mountTimeoutSeconds", setting: "client_mount_timeout", seconds: "30" },
  { option: "monTimeoutSeconds", setting: "rados_mon_op_timeout", seconds: "30" },
  { option: "osdTimeoutSeconds", setting: "rados_osd_op_timeout", seconds: "60" },
] as const;

/** The same, checked, for the compiled part. */
export function toNativeConnectOptions(object: string, o: ConnectOptions): NativeConnectOptions {
  const call = "rados_connect";
  const settings: string[] = [];
  const defaults: string[] = [];
  for (const { option, setting, seconds } of timeouts) {
    const given = o[option];
    if (given === undefined) defaults.push(setting, seconds);
    else settings.push(setting, String(checkCount(call, object, option, given)));
  }
  for (const [name, value] of Object.entries(o.settings ?? {})) {
    settings.push(checkName(call, object, "a setting's name", name), checkText(call, object, name, value));
  }
  return {
    cluster: checkName(call, object, "cluster", o.cluster ?? "ceph"),
    user: checkName(call, object, "user", o.user ?? "admin"),
    conf: o.conf === undefined ? undefined : checkName(call, object, "conf", o.conf),
    settings,
    defaults,
  };
}
