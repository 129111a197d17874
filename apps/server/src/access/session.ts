import type { IncomingHttpHeaders } from "node:http";
import { z } from "zod";
import { viewerProcedure } from "../api/procedures.ts";
import { noInput } from "../api/schemas.ts";
import { parseRole, ROLES, type SessionUser, t } from "../api/trpc.ts";
import type { Auth } from "./auth.ts";

/** The signed-in person, and the version of the product. */
const me = z.object({
  user: z.object({ id: z.string(), name: z.string(), username: z.string(), role: z.enum(ROLES) }),
  product: z.object({ version: z.string() }),
});

export type Me = z.output<typeof me>;

/** The person whose cookie a request carries; null for a stranger, or when the session is over. */
export async function findSession(auth: Auth, headers: IncomingHttpHeaders): Promise<SessionUser | null> {
  const { cookie } = headers;
  if (cookie === undefined) return null;
  const found = await auth.api.getSession({ headers: new Headers({ cookie }) });
  if (found === null) return null;
  const { id, name, username, role } = found.user;
  return { id, name, username: username ?? name, role: parseRole(role) };
}

/** `session` of the API. */
export function sessionRouter(version: string) {
  return t.router({
    /** Who is signed in, and to which version. */
    me: viewerProcedure
      .input(noInput)
      .output(me)
      .query(({ ctx }) => {
        const { id, name, username, role } = ctx.user;
        return { user: { id, name, username, role }, product: { version } };
      }),
  });
}
