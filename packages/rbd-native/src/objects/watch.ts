import type { Watch } from "../image/watch.ts";
import { native } from "../internal/binding.ts";
import { type CallOptions, change } from "../internal/call.ts";
import { checkBytes, checkCount, checkName } from "../internal/check.ts";
import type { NativeAck } from "../internal/native-types.ts";
import { type OpenPool, specIn } from "../internal/open-pool.ts";
import { codeOf, RbdError } from "../rbd-error.ts";

export interface Notification {
  readonly data: Buffer;
  /** The client that notifies. */
  readonly notifierId: bigint;
}

export interface ObjectListener {
  /** The returned bytes are sent to the notifier, who waits for them; undefined or an exception sends an empty reply. */
  onNotify(notification: Notification): Uint8Array | undefined | Promise<Uint8Array | undefined>;
  /** The watch was lost, because the connection broke or the object was removed: watch again. */
  onError?(error: RbdError): void;
}

export interface WatchOptions extends CallOptions {
  /** After how long without contact the cluster ends the watch; the cluster's default without it. */
  readonly timeoutSeconds?: number | undefined;
}

export interface NotifyOptions extends CallOptions {
  /** How long watchers have to answer; 10,000 without it. */
  readonly timeoutMs?: number | undefined;
}

export interface NotifyReply {
  readonly clientId: bigint;
  readonly cookie: bigint;
  readonly data: Buffer;
}

export interface NotifyResult {
  readonly replies: readonly NotifyReply[];
  /** Watchers that did not answer in time. */
  readonly missing: readonly Omit<NotifyReply, "data">[];
}

export async function watchObject(
  pool: OpenPool,
  object: string,
  listener: ObjectListener,
  o?: WatchOptions,
): Promise<Watch> {
  const call = "rados_watch3";
  checkName(call, specIn(pool, object), "object", object);
  const spec = specIn(pool, object);
  const timeout = checkCount(call, spec, "timeoutSeconds", o?.timeoutSeconds ?? 0);
  const answer = async (notification: Notification): Promise<Uint8Array> => {
    try {
      return (await listener.onNotify(notification)) ?? new Uint8Array();
    } catch {
      return new Uint8Array();
    }
  };
  const cookie = await change(spec, o, (operation) =>
    native.watchObject(
      pool.handle,
      object,
      timeout,
      (event) => {
        if ("errno" in event) {
          listener.onError?.(
            new RbdError({ code: codeOf(event.errno), errno: event.errno, call, object: spec }),
          );
          return;
        }
        const { notifyId, cookie: watch, data, notifierId } = event;
        // A watch that was closed in the meantime takes no answer.
        void answer({ data, notifierId })
          .then((reply) => native.acknowledge(pool.handle, object, notifyId, watch, reply, undefined))
          .catch(() => {});
      },
      operation,
    ),
  );
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= change(spec, undefined, (operation) =>
      native.unwatchObject(pool.handle, cookie, operation),
    ).catch((error: unknown) => {
      // Closing the pool has already ended the watch.
      if (error instanceof RbdError && (error.code === "CLOSED" || error.code === "NOT_FOUND")) return;
      throw error;
    });
    return closing;
  };
  return { close, [Symbol.asyncDispose]: close };
}

const DEFAULT_TIMEOUT_MS = 10_000;

export async function notifyObject(
  pool: OpenPool,
  object: string,
  data: string | Uint8Array,
  o?: NotifyOptions,
): Promise<NotifyResult> {
  const spec = specIn(pool, checkName("rados_notify2", specIn(pool, object), "object", object));
  if (typeof data !== "string") checkBytes("rados_notify2", spec, "data", data);
  const timeout = checkCount("rados_notify2", spec, "timeoutMs", o?.timeoutMs ?? DEFAULT_TIMEOUT_MS);
  const { replies, missing } = await change(spec, o, (operation) =>
    native.notify(pool.handle, object, data, timeout, operation),
  );
  return { replies, missing: missing.map(({ clientId, cookie }: NativeAck) => ({ clientId, cookie })) };
}
