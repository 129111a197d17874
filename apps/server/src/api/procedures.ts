import { TRPCError } from "@trpc/server";
import { ServerError, toTrpcCode, toUserError } from "../base/errors.ts";
import { type Role, roleIncludes } from "./roles.ts";
import { type SessionUser, t } from "./trpc.ts";

/** For everyone who is signed in. */
export const viewerProcedure = procedureFor("viewer");

/** For those who may change images. */
export const operatorProcedure = procedureFor("operator");

/** For those who manage the server and its users. */
export const adminProcedure = procedureFor("admin");

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

/**
 * Writes every mutation of a signed-in person to the audit log, refused ones included. A stranger's attempts go to
 * the server's log only: nobody from outside may make the table grow.
 */
function audited() {
  return t.middleware(async ({ ctx, type, path, next }) => {
    // A mutation fills in the cluster and the image, snapshot or task that it changes.
    const audit: { cluster: string | null; object: string | null } = { cluster: null, object: null };
    const result = await next({ ctx: { audit } });
    if (type === "mutation" && ctx.user !== null) {
      const error = result.ok ? null : toUserError(result.error);
      await ctx.writeAudit({
        user: ctx.user,
        action: path,
        ...audit,
        outcome: error?.code ?? "ok",
        message: error?.message ?? null,
        address: ctx.address,
      });
    }
    return result;
  });
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
