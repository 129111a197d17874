import { initTRPC, type TRPCDefaultErrorShape, type TRPCError } from "@trpc/server";
import type { FastifyBaseLogger } from "fastify";
import { toUserError, type UserError } from "../base/errors.ts";

/** The roles of a person, weakest first: each may do all that the ones before it may do. */
export const ROLES = ["viewer", "operator", "admin"] as const;

/** What a signed-in person may do: read (`viewer`), change images (`operator`), manage users (`admin`). */
export type Role = (typeof ROLES)[number];

/** Reads a stored role; null for an unknown one, which allows nothing. */
export function parseRole(value: unknown): Role | null {
  return ROLES.find((role) => role === value) ?? null;
}

/** Whether `role` includes everything that `needed` may do. */
export function roleIncludes(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
}

/** A person with a session, or for whom a script acts with an API key. */
export interface SessionUser {
  id: string;
  name: string;
  username: string;
  /** Null when the stored role is not one of `ROLES`: signed in, but allowed nothing. */
  role: Role | null;
  /** Name of the API key of the request; null for a session. */
  apiKey: string | null;
}

/** An action of a user, allowed or refused. */
export interface AuditEntry {
  user: {
    id: string;
    username: string;
    /** Name of the API key that was used; null or absent for a person at the dashboard. */
    apiKey?: string | null;
  };
  /** Path of the procedure ("clone.start"), "sign-in", "sign-out" or "change-password". */
  action: string;
  /** The cluster it was done on; null when it concerns none. */
  cluster: string | null;
  /** What it was done to: "rbd/vm-1", a task's id; null when it concerns nothing in particular. */
  object: string | null;
  /** "ok", or the code of the error. */
  outcome: string;
  message: string | null;
  address: string;
}

/** What every procedure is given. `user` is null for a stranger. */
export interface Context {
  user: SessionUser | null;
  /** The session of `user`; null for a stranger and for an API key. */
  sessionId: string | null;
  /** Aborts when the session of `user` ends, or the API key is revoked. */
  sessionEnded: AbortSignal;
  log: FastifyBaseLogger;
  /** Address the request came from, for the audit log. */
  address: string;
  /** Names this request in the log. */
  requestId: string;
  writeAudit(entry: AuditEntry): Promise<void>;
}

/** What a procedure declares about itself: the weakest role that may call it. */
export interface ProcedureMeta {
  role: Role;
}

/** tRPC's usual error, with `data.coppice`: the code, the sentence, the hint and the object, for the interface to show. */
export type ErrorShape = TRPCDefaultErrorShape & {
  data: TRPCDefaultErrorShape["data"] & { coppice: UserError };
};

/** A stream is closed and opened anew this often, and each time its session is checked again. */
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

/** Turns any error into what the browser may see. An unexpected one says no more than that it happened. */
function formatError({
  shape,
  error,
  ctx,
}: {
  shape: TRPCDefaultErrorShape;
  error: TRPCError;
  ctx: Context | undefined;
}): ErrorShape {
  const coppice = toUserError(error);
  if (coppice.code === "INTERNAL" && ctx !== undefined) coppice.hint = hintToLog(ctx.requestId);
  return { ...shape, message: coppice.message, data: { ...shape.data, coppice } };
}

/** The hint of an unexpected error. */
export function hintToLog(requestId: string): string {
  return `The server's log has the details, under the request ${requestId}.`;
}
