import { constants, type FileHandle, open } from "node:fs/promises";
import { connect } from "node:net";
import { systemErrorCode } from "../errors.ts";

/** A daemon's admin socket: its folder, and its name there. */
export interface AdminSocket {
  folder: string;
  name: string;
}

/**
 * Asks a daemon through its admin socket (the protocol of `ceph daemon`: a JSON line ended by a zero
 * byte; back come a big-endian length and so many bytes).
 *
 * @returns the answer as text, or undefined while the daemon does not answer: there is no socket, no
 *   process listens on it, or the connection was closed before the answer was complete.
 */
export async function askAdminSocket(
  socket: AdminSocket,
  command: Record<string, unknown>,
  signal: AbortSignal,
): Promise<string | undefined> {
  signal.throwIfAborted();
  let folder: FileHandle;
  try {
    folder = await open(socket.folder, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    if (isNobodyThere(error)) return undefined;
    throw error;
  }
  try {
    // The path through the handle is short, however deep the folder lies.
    return await ask(`/proc/self/fd/${folder.fd}/${socket.name}`, command, signal);
  } finally {
    await folder.close();
  }
}

async function ask(
  path: string,
  command: Record<string, unknown>,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
  const chunks: Buffer[] = [];
  const socket = connect(path);
  const onAbort = () => socket.destroy(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  socket.on("connect", () => socket.write(`${JSON.stringify(command)}\0`));
  socket.on("data", (chunk) => chunks.push(chunk));
  socket.on("error", (error) => {
    if (signal.aborted || !isNobodyThere(error)) reject(error);
    else resolve(undefined);
  });
  socket.on("close", () => resolve(decodeAnswer(Buffer.concat(chunks))));
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** Sends a command and parses the answer; undefined also while the daemon does not know the command yet. */
export async function askForObject(
  socket: AdminSocket,
  prefix: string,
  signal: AbortSignal,
): Promise<Record<string, unknown> | undefined> {
  const answer = await askAdminSocket(socket, { prefix, format: "json" }, signal);
  if (answer === undefined || !answer.trimStart().startsWith("{")) return undefined;
  const value: unknown = JSON.parse(answer);
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
}

function decodeAnswer(bytes: Buffer): string | undefined {
  if (bytes.length < 4) return undefined;
  const length = bytes.readUInt32BE(0);
  return bytes.length < 4 + length ? undefined : bytes.toString("utf8", 4, 4 + length);
}

function isNobodyThere(error: unknown): boolean {
  return ["ENOENT", "ECONNREFUSED", "ECONNRESET", "EPIPE"].includes(systemErrorCode(error) ?? "");
}
