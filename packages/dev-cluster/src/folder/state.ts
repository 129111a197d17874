import { readFile } from "node:fs/promises";
import { DevClusterError, isMissing, systemErrno } from "../errors.ts";
import { writeFileAtomically } from "./files.ts";

export interface OsdState {
  id: number;
  uuid: string;
  /** False until its `--mkfs` is complete; only such an OSD's folder may be made again. */
  made: boolean;
}

/**
 * The content of `cluster.json`. `phase` protects the data: a cluster is removed and created again only while it is
 * "making"; once it is "ready", nothing of it is ever removed.
 */
export interface ClusterState {
  format: 1;
  fsid: string;
  phase: "making" | "ready";
  /** Whether the last start asked for a manager. */
  mgr: boolean;
  osdBytes: number;
  osds: OsdState[];
}

/** @throws DevClusterError STATE_UNREADABLE. Undefined when there is no file. */
export async function readState(path: string): Promise<ClusterState | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    throw unreadable(path, "cannot be read", cause);
  }
  return parseState(text, path);
}

function parseState(text: string, path: string): ClusterState {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw unreadable(path, "is not JSON", cause);
  }
  if (!isState(value)) throw unreadable(path, "has a format that this version does not know");
  return value;
}

export async function writeState(path: string, state: ClusterState): Promise<void> {
  await writeFileAtomically(path, `${JSON.stringify(state, null, 2)}\n`);
}

function isState(value: unknown): value is ClusterState {
  if (typeof value !== "object" || value === null) return false;
  const state = value as Partial<Record<keyof ClusterState, unknown>>;
  return (
    state.format === 1 &&
    typeof state.fsid === "string" &&
    (state.phase === "making" || state.phase === "ready") &&
    typeof state.mgr === "boolean" &&
    typeof state.osdBytes === "number" &&
    Array.isArray(state.osds) &&
    state.osds.every(isOsdState)
  );
}

function isOsdState(value: unknown): value is OsdState {
  if (typeof value !== "object" || value === null) return false;
  const osd = value as Partial<Record<keyof OsdState, unknown>>;
  return typeof osd.id === "number" && typeof osd.uuid === "string" && typeof osd.made === "boolean";
}

function unreadable(path: string, how: string, cause?: unknown): DevClusterError {
  return new DevClusterError("STATE_UNREADABLE", `${path} ${how}.`, {
    call: "read",
    object: path,
    errno: systemErrno(cause),
    hint: "Nothing was changed. Remove the folder if the cluster's data is no longer needed.",
    cause,
  });
}
