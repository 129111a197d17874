import { toUserError } from "../errors/to-user-error.ts";
import { t } from "./init.ts";

/**
 * Writes every mutation of a signed-in person to the audit log, the refused ones too. A stranger's attempts go to
 * the server's log only: nobody from outside may make the table grow.
 */
export const audited = t.middleware(async ({ ctx, type, path, next }) => {
  // A mutation fills in which image, snapshot or task it is about.
  const audit: { object: string | null } = { object: null };
  const result = await next({ ctx: { audit } });
  if (type === "mutation" && ctx.user !== null) {
    await ctx.services.audit.write({
      user: ctx.user,
      action: path,
      object: audit.object,
      outcome: result.ok ? "ok" : toUserError(result.error).code,
      message: result.ok ? null : toUserError(result.error).message,
      address: ctx.address,
    });
  }
  return result;
});
