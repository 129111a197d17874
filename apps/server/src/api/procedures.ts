import { TRPCError } from "@trpc/server";
import { z } from "zod";
import { ServerError, toTrpcCode, toUserError } from "../base/errors.ts";
import { clusterId } from "./schemas.ts";
import { type Role, roleIncludes, type SessionUser, t } from "./trpc.ts";

/** For everyone who is signed in. */
export const viewerProcedure = procedureFor("viewer");

/** For those who may change images. */
export const operatorProcedure = procedureFor("operator");

/** For those who manage the server and its users. */
export const adminProcedure = procedureFor("admin");

/** For a person at the dashboard: what concerns passwords, sessions and keys is not for those who hold a key. */
export const personProcedure = procedureFor("viewer").use(requireSession());

/** Errors are mapped outermost, so that the audit log keeps the original error. */
function procedureFor(role: Role) {
  return t.procedure.meta({ role }).use(mapErrors()).use(audited()).use(requireRole(role));
}

/** Gives errors of the SDK and of the server their tRPC code, which becomes the HTTP status; keeps them as the cause. */
function mapErrors() {
  return t.middleware(async ({ next }) => {
    const result = await next();
    if (result.ok || result.error.cause === undefined) return result;
    const { code, message } = toUserError(result.error);
    throw new TRPCError({ code: toTrpcCode(code, result.error.code), message, cause: result.error.cause });
  });
}

/** The input of procedures that work on a cluster, as far as the audit log needs it. */
const onCluster = z.object({ cluster: clusterId });

/**
 * Writes every mutation of a signed-in person to the audit log, refused ones included. Attempts without a session go
 * to the server's log only, so that nobody from outside can make the table grow.
 */
function audited() {
  return t.middleware(async ({ ctx, type, path, getRawInput, next }) => {
    // A mutation fills in the image, snapshot or task that it changes, and the cluster when its input does not name it.
    const audit: { cluster: string | null; object: string | null } = { cluster: null, object: null };
    if (type !== "mutation" || ctx.user === null) return next({ ctx: { audit } });
    const input = onCluster.safeParse(await rawInput(getRawInput));
    if (input.success) audit.cluster = input.data.cluster;
    const result = await next({ ctx: { audit } });
    const error = result.ok ? null : toUserError(result.error);
    await ctx.writeAudit({
      user: { id: ctx.user.id, username: ctx.user.username, apiKey: ctx.user.apiKey },
      action: path,
      ...audit,
      outcome: error?.code ?? "ok",
      message: error?.message ?? null,
      address: ctx.address,
    });
    return result;
  });
}

/** The input as it was sent; null when it cannot be read, which the procedure refuses. */
async function rawInput(read: () => unknown): Promise<unknown> {
  try {
    return await read();
  } catch {
    return null;
  }
}

/** Lets a call through when its caller is signed in with `needed` or a stronger role; narrows `ctx.user`. */
function requireRole(needed: Role) {
  return t.middleware(({ ctx, next }) => {
    const { user } = ctx;
    if (user === null)
      throw new ServerError("NOT_SIGNED_IN", "You are not signed in.", { hint: "Sign in and try again." });
    const { role } = user;
    if (role === null || !roleIncludes(role, needed)) {
      throw new ServerError(
        "ROLE_MISSING",
        `This needs the role ${needed}, and you have ${role ?? "none"}.`,
        { hint: "Ask an administrator for the role." },
      );
    }
    const signedIn: SessionUser & { role: Role } = { ...user, role };
    return next({ ctx: { ...ctx, user: signedIn } });
  });
}

/** Lets a call through when it was made in a session; narrows `ctx.sessionId`. */
function requireSession() {
  return t.middleware(({ ctx, next }) => {
    const { sessionId } = ctx;
    if (sessionId === null) {
      throw new ServerError("SESSION_NEEDED", "This cannot be done with an API key.", {
        hint: "Sign in to the dashboard and do it there.",
      });
    }
    return next({ ctx: { sessionId } });
  });
}
