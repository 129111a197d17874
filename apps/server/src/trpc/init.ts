import { initTRPC } from "@trpc/server";
import type { Role } from "../auth/roles.ts";
import type { Context } from "./context.ts";
import { formatError } from "./format-error.ts";

/** What a procedure says of itself: the weakest role that may call it. */
export interface ProcedureMeta {
  role: Role;
}

/** A stream is opened anew this often, which is when its session is looked at again. */
const STREAM_MS = 5 * 60_000;

/** Pings keep proxies from cutting a quiet stream; the client reconnects when three of them are missing. */
const PING_MS = 10_000;

export const t = initTRPC
  .context<Context>()
  .meta<ProcedureMeta>()
  .create({
    isDev: false, // never send a stack trace to a browser
    errorFormatter: formatError,
    sse: {
      maxDurationMs: STREAM_MS,
      ping: { enabled: true, intervalMs: PING_MS },
      client: { reconnectAfterInactivityMs: 3 * PING_MS },
    },
  });
