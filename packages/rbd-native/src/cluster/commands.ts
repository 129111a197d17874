import type { CallOptions } from "../call-options.ts";
import { native } from "../internal/binding.ts";
import type { ClusterRef, SendCommand } from "../internal/binding-types.ts";
import { change } from "../internal/call.ts";

/** A command as `ceph -f json` sends it: `{ prefix: "osd pool ls", format: "json" }`. */
export type Command = Readonly<Record<string, unknown>> & { readonly prefix: string };

export interface CommandReply {
  readonly output: Buffer;
  /** What the daemon says about it, often empty. */
  readonly status: string;
}

interface Target {
  readonly send: SendCommand;
  readonly object: string;
  readonly id?: number;
}

export const toMonitors = (cluster: string): Target => ({
  send: native.monCommand,
  object: `${cluster} monitors`,
});
export const toManager = (cluster: string): Target => ({
  send: native.mgrCommand,
  object: `${cluster} manager`,
});
export const toOsd = (cluster: string, id: number): Target => ({
  send: native.osdCommand,
  object: `${cluster} osd.${id}`,
  id,
});

export function sendCommand(
  cluster: ClusterRef,
  target: Target,
  command: Command,
  input: Uint8Array | undefined,
  o: CallOptions | undefined,
): Promise<CommandReply> {
  return change(target.object, o, (operation) =>
    target.send(cluster, JSON.stringify(command), input, target.id, operation),
  );
}
