import type { IncomingHttpHeaders } from "node:http";
import type { SessionUser } from "../trpc/context.ts";
import type { Auth } from "./create-auth.ts";
import { parseRole } from "./roles.ts";

/** Who the cookie of a request belongs to; null for a stranger, or when the session is over. */
export async function findSession(auth: Auth, headers: IncomingHttpHeaders): Promise<SessionUser | null> {
  const { cookie } = headers;
  if (cookie === undefined) return null;
  const found = await auth.api.getSession({ headers: new Headers({ cookie }) });
  if (found === null) return null;
  const { id, name, username, role } = found.user;
  return { id, name, username: username ?? name, role: parseRole(role) };
}
