import type { FastifyBaseLogger } from "fastify";
import type { Role } from "../auth/roles.ts";
import type { Services } from "../services.ts";

/** A person with a session. */
export interface SessionUser {
  id: string;
  name: string;
  username: string;
  /** Null when the stored role is none of ours: signed in, but allowed nothing. */
  role: Role | null;
}

/** What every procedure gets. `user` is null for a stranger. */
export interface Context {
  services: Services;
  user: SessionUser | null;
  log: FastifyBaseLogger;
  /** Address the request came from, for the audit log. */
  address: string;
}
