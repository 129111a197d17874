import type { IncomingHttpHeaders } from "node:http";
import { z } from "zod";
import { personProcedure, viewerProcedure } from "../api/procedures.ts";
import { noInput } from "../api/schemas.ts";
import { parseRole, ROLES, type SessionUser, t } from "../api/trpc.ts";
import type { Clock } from "../base/clock.ts";
import { ServerError } from "../base/errors.ts";
import { type Auth, LEAST_PASSWORD, LONGEST_PASSWORD } from "./auth.ts";
import { LiveCallers } from "./live-callers.ts";
import type { Users } from "./users.ts";

/** The signed-in person, and the version of the product. */
const me = z.object({
  user: z.object({
    id: z.string(),
    name: z.string(),
    username: z.string(),
    role: z.enum(ROLES),
    /** False after a sign-in link to a new account, or after a reset: the person has to choose one. */
    hasPassword: z.boolean(),
  }),
  product: z.object({ version: z.string() }),
});

export type Me = z.output<typeof me>;

/** A session that a request carries. */
interface FoundSession {
  id: string;
  user: SessionUser;
  /** Set-Cookie headers that make the session last longer. */
  cookies: string[];
  /** Aborts when the person signs out, or changes the password. */
  ended: AbortSignal;
}

/** How long a session is taken from memory: a dashboard makes several requests at once. */
const KEEP_MS = 5000;
/** More sessions than this are not kept in memory. */
const MOST_KEPT = 1000;

/** The sessions of signed-in people. */
export class Sessions {
  readonly #auth: Auth;
  readonly #clock: Clock;
  /** By the header with the cookie. */
  readonly #kept = new Map<string, { found: FoundSession; until: number }>();
  readonly #live = new LiveCallers();

  constructor(auth: Auth, clock: Clock) {
    this.#auth = auth;
    this.#clock = clock;
  }

  /** The session whose cookie a request carries; null for a stranger, or when the session is over. */
  async find({ cookie }: IncomingHttpHeaders): Promise<FoundSession | null> {
    if (cookie === undefined) return null;
    const kept = this.#kept.get(cookie);
    const now = this.#clock.now();
    if (kept !== undefined && now < kept.until) return kept.found;
    this.#kept.delete(cookie);
    const { response, headers } = await this.#auth.api.getSession({
      headers: new Headers({ cookie }),
      returnHeaders: true,
    });
    if (response === null) return null;
    const { id, name, username, role, disabledAt } = response.user;
    if (disabledAt != null) return null;
    const user = { id, name, username: username ?? name, role: parseRole(role), apiKey: null };
    const ended = this.#live.signalOf(response.session.id, id);
    const found = { id: response.session.id, user, cookies: headers.getSetCookie(), ended };
    if (this.#kept.size >= MOST_KEPT) this.#kept.clear();
    this.#kept.set(cookie, { found: { ...found, cookies: [] }, until: now + KEEP_MS });
    return found;
  }

  /** Ends what goes on in a session that has ended: its event streams. */
  end(id: string): void {
    this.#endThose((session) => session === id);
  }

  /** Like `end`, for all sessions of a person. */
  endAll(userId: string): void {
    this.#endThose((_session, owner) => owner === userId);
  }

  #endThose(over: (id: string, userId: string) => boolean): void {
    for (const [cookie, { found }] of this.#kept)
      if (over(found.id, found.user.id)) this.#kept.delete(cookie);
    this.#live.end(over);
  }
}

const ownSession = z.object({
  id: z.string(),
  /** Whether it is the session of this request. */
  current: z.boolean(),
  createdAt: z.string(),
  /** When it was last made to last longer: to the day. */
  seenAt: z.string(),
  expiresAt: z.string(),
  address: z.string().nullable(),
  /** What the browser says about itself. */
  userAgent: z.string().nullable(),
});

export type OwnSession = z.output<typeof ownSession>;

const newPassword = z
  .string()
  .min(LEAST_PASSWORD, `must have at least ${LEAST_PASSWORD} characters`)
  .max(LONGEST_PASSWORD, `must have at most ${LONGEST_PASSWORD} characters`);

/** `session` of the API. */
export function sessionRouter(version: string, users: Users) {
  return t.router({
    /** Who is signed in, and to which version. */
    me: viewerProcedure
      .input(noInput)
      .output(me)
      .query(async ({ ctx }) => {
        const { id, name, username, role } = ctx.user;
        const hasPassword = await users.hasPassword(id);
        return { user: { id, name, username, role, hasPassword }, product: { version } };
      }),

    /** The sessions of the signed-in person, newest first. */
    list: viewerProcedure
      .input(noInput)
      .output(z.array(ownSession))
      .query(async ({ ctx }) => {
        const sessions = await users.sessions(ctx.user.id);
        return sessions.map((session) => ({ ...session, current: session.id === ctx.sessionId }));
      }),

    /** Signs the person out in one browser, or everywhere else when no session is named. */
    end: personProcedure
      .input(z.object({ id: z.string().min(1).max(64).nullable() }))
      .output(z.object({ ended: z.int() }))
      .mutation(async ({ ctx, input }) => {
        ctx.audit.object = ctx.user.username;
        const mine = await users.sessions(ctx.user.id);
        const over = mine.filter(({ id }) => (input.id === null ? id !== ctx.sessionId : id === input.id));
        if (input.id !== null && over.length === 0) {
          throw new ServerError("SESSION_UNKNOWN", "There is no such session.", {
            hint: "It may have ended already. Look at the list of sessions.",
          });
        }
        await users.endSessions(
          ctx.user.id,
          over.map(({ id }) => id),
        );
        return { ended: over.length };
      }),

    /** Chooses the first password, after a sign-in link. A password that exists is changed with the old one. */
    setPassword: personProcedure
      .input(z.object({ password: newPassword }))
      .output(z.object({ hasPassword: z.literal(true) }))
      .mutation(async ({ ctx, input }) => {
        ctx.audit.object = ctx.user.username;
        await users.setFirstPassword(ctx.user.id, input.password);
        return { hasPassword: true as const };
      }),
  });
}
