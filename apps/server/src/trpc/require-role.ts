import { type Role, roleIncludes } from "../auth/roles.ts";
import { ServerError } from "../errors/server-error.ts";
import type { SessionUser } from "./context.ts";
import { t } from "./init.ts";

/** Lets a call through when its caller is signed in with `needed` or a stronger role; narrows `ctx.user`. */
export function requireRole(needed: Role) {
  return t.middleware(({ ctx, next }) => {
    const { user } = ctx;
    if (user === null)
      throw new ServerError("NOT_SIGNED_IN", "You are not signed in.", { hint: "Sign in and try again." });
    const { role } = user;
    if (role === null || !roleIncludes(role, needed)) {
      throw new ServerError(
        "ROLE_MISSING",
        `This needs the role ${needed}, and you have ${role ?? "none"}.`,
        {
          hint: "Ask an administrator for the role.",
        },
      );
    }
    const signedIn: SessionUser & { role: Role } = { ...user, role };
    return next({ ctx: { ...ctx, user: signedIn } });
  });
}
