import { access, constants } from "node:fs/promises";
import { isIP } from "node:net";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { DepthLimits } from "rbd-core";
import { z } from "zod";

/** Deeper than any image: by default nothing is flattened without a request. */
const mostDepth = 1000;

const flag = z
  .enum(["0", "1", "false", "true"], "must be 1 or 0")
  .default("0")
  .transform((value) => value === "1" || value === "true");

const wholeNumber = (least: number, most: number, fallback: number) =>
  z
    .string()
    .regex(/^\d+$/, "must be a whole number")
    .default(String(fallback))
    .transform(Number)
    .pipe(z.number().min(least, `must be at least ${least}`).max(most, `must be at most ${most}`));

const origin = z.string().transform((value, context) => {
  const url = URL.canParse(value) ? new URL(value) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    context.addIssue("must be a URL such as https://coppice.example.org");
  } else if (url.pathname !== "/") {
    context.addIssue("must have no path");
  }
  return url?.origin ?? "";
});

const networks = z
  .string()
  .transform((value) => value.split(",").map((part) => part.trim()))
  .refine(
    (parts) => parts.every(isNetwork),
    "must be addresses or networks such as 10.0.0.0/8, separated by commas",
  );

const environment = z
  .object({
    COPPICE_PORT: wholeNumber(0, 65_535, 4400),
    COPPICE_HOST: z.string().default("127.0.0.1"),
    COPPICE_URL: origin.optional(),
    COPPICE_TRUST_PROXY: networks.optional(),
    COPPICE_DATA: z.string().default("./.coppice"),
    COPPICE_WEB_DIR: z.string().default(fileURLToPath(new URL("../../../web/out", import.meta.url))),
    COPPICE_SIGN_IN_LINK: flag,
    COPPICE_LOG_LEVEL: z
      .enum(
        ["trace", "debug", "info", "warn", "error", "fatal", "silent"],
        "must be a level such as info or warn",
      )
      .default("info"),
    COPPICE_REQUEST_LIMIT: wholeNumber(100, 1_000_000, 12_000),
    COPPICE_KEY_REQUEST_LIMIT: wholeNumber(1, 1_000_000, 1200),
    COPPICE_METRICS_FROM: networks.optional(),
    COPPICE_SCAN_SECONDS: wholeNumber(1, 86_400, 30),
    COPPICE_CLONE_TASKS: wholeNumber(1, 64, 4),
    COPPICE_IMPORT_MAX_GIB: wholeNumber(1, 1_048_576, 1024),
    COPPICE_IMPORT_PRIVATE: flag,
    COPPICE_BACKUP_TASKS: wholeNumber(1, 64, 2),
    COPPICE_BACKUP_POOL: z
      .string()
      .regex(/^[^/@]+$/, "must be the name of a pool")
      .optional(),
    COPPICE_RESTORE_DIR: z.string().optional(),
    COPPICE_SOFT_DEPTH: wholeNumber(1, mostDepth, mostDepth),
    COPPICE_HARD_DEPTH: wholeNumber(1, mostDepth, mostDepth),
    COPPICE_CLUSTER_ID: z
      .string()
      .regex(
        /^[a-z0-9][a-z0-9-]{0,62}$/,
        "must be lower-case letters, digits and dashes, at most 63, and not begin with a dash",
      )
      .default("ceph"),
    CEPH_CONF: z.string().optional(),
    CEPH_USER: z
      .string()
      .regex(/^[A-Za-z0-9._-]+$/, "must be a Ceph user without the leading client.")
      .default("admin"),
  })
  .refine((values) => values.COPPICE_SOFT_DEPTH <= values.COPPICE_HARD_DEPTH, {
    path: ["COPPICE_SOFT_DEPTH"],
    message: "must not be above COPPICE_HARD_DEPTH",
  });

/** The settings of this server, read once at the start. */
export interface Config {
  port: number;
  host: string;
  /** The origin that people type (`https://coppice.example.org`); null when it is the host and port. */
  publicUrl: string | null;
  /** Proxies whose `X-Forwarded-*` headers are trusted. */
  trustProxy: string[];
  /** Absolute. */
  dataDir: string;
  /** Absolute. */
  webDir: string;
  signInLink: boolean;
  logLevel: string;
  /** How many requests an address may make in a minute. */
  requestLimit: number;
  /** How many requests may be made with an API key in a minute. */
  keyRequestLimit: number;
  /** Addresses and networks that may read `/metrics` without a key. */
  metricsFrom: string[];
  /** How long after a scan the images are read again while somebody has the dashboard open. */
  scanIntervalMs: number;
  /** How many clones run at the same time. */
  cloneTasks: number;
  /** How many backups, and how many restores, run at the same time. */
  backupTasks: number;
  /** A pool of the first cluster that is made a target for backups at the first start; null for none. */
  backupPool: string | null;
  /** Where restores may write files, absolute; null: nowhere. */
  restoreDir: string | null;
  /** From these depths on, the source of a clone is flattened in the background (soft) or before it is cloned (hard). */
  depthLimits: DepthLimits;
  /** The largest disk that may be imported, in bytes. */
  importMaxBytes: number;
  /** Whether disks are downloaded from private networks and this machine, when a user names such an address. */
  importPrivate: boolean;
  /** Exactly one today. */
  clusters: readonly [ClusterConfig, ...ClusterConfig[]];
}

/** A cluster and how it is reached. */
interface ClusterConfig {
  /** A slug that names the cluster in the API, the database and URLs. */
  id: string;
  /** The `ceph.conf`, absolute; null means librados' defaults. */
  conf: string | null;
  user: string;
}

/** Settings that cannot be used. The message names each one and says what it must be. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** Reads the settings. An empty one counts as not set. @throws {ConfigError} that names every wrong one */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const parsed = environment.safeParse(
    Object.fromEntries(Object.entries(env).filter(([, value]) => value !== "")),
  );
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => {
      const name = String(issue.path[0]);
      const value = env[name];
      return `${name} ${issue.message}${value === undefined ? "" : ` (it is ${JSON.stringify(value)})`}.`;
    });
    throw new ConfigError(lines.join("\n"));
  }
  const values = parsed.data;
  return {
    port: values.COPPICE_PORT,
    host: values.COPPICE_HOST,
    publicUrl: values.COPPICE_URL ?? null,
    trustProxy: values.COPPICE_TRUST_PROXY ?? [],
    dataDir: resolve(values.COPPICE_DATA),
    webDir: resolve(values.COPPICE_WEB_DIR),
    signInLink: values.COPPICE_SIGN_IN_LINK,
    logLevel: values.COPPICE_LOG_LEVEL,
    requestLimit: values.COPPICE_REQUEST_LIMIT,
    keyRequestLimit: values.COPPICE_KEY_REQUEST_LIMIT,
    metricsFrom: values.COPPICE_METRICS_FROM ?? [],
    scanIntervalMs: values.COPPICE_SCAN_SECONDS * 1000,
    cloneTasks: values.COPPICE_CLONE_TASKS,
    backupTasks: values.COPPICE_BACKUP_TASKS,
    backupPool: values.COPPICE_BACKUP_POOL ?? null,
    restoreDir: values.COPPICE_RESTORE_DIR === undefined ? null : resolve(values.COPPICE_RESTORE_DIR),
    depthLimits: { soft: values.COPPICE_SOFT_DEPTH, hard: values.COPPICE_HARD_DEPTH },
    importMaxBytes: values.COPPICE_IMPORT_MAX_GIB * 1024 ** 3,
    importPrivate: values.COPPICE_IMPORT_PRIVATE,
    clusters: [
      {
        id: values.COPPICE_CLUSTER_ID,
        conf: values.CEPH_CONF === undefined ? null : resolve(values.CEPH_CONF),
        user: values.CEPH_USER,
      },
    ],
  };
}

/** Whether `text` is an address ("192.0.2.1") or a network ("10.0.0.0/8", "fd00::/8"). */
function isNetwork(text: string): boolean {
  const [address = "", bits, ...rest] = text.split("/");
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

/**
 * Checks that each `ceph.conf` that was named can be read. That is a mistake to correct before the start; a cluster
 * that does not answer is not. @throws {ConfigError}
 */
export async function checkFiles({ clusters }: Config): Promise<void> {
  for (const { conf } of clusters) {
    if (conf === null) continue;
    try {
      await access(conf, constants.R_OK);
    } catch (cause) {
      throw new ConfigError(`CEPH_CONF names ${conf}, which cannot be read.`, { cause });
    }
  }
}
