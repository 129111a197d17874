import type { ClusterPaths } from "../cluster/paths.ts";
import { DevClusterError } from "../errors.ts";
import {
  clientSettings,
  daemonSettings,
  type GlobalInput,
  globalSettings,
  type Settings,
} from "./settings.ts";

export interface ConfInput extends GlobalInput {
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
 * is not ASCII. Where the path is not plain, the key itself stands in the conf (which, like the keyring, is
 * for its owner's eyes only).
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
