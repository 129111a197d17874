import type { IncomingHttpHeaders } from "node:http";
import { z } from "zod";
import { viewerProcedure } from "../api/procedures.ts";
import { noInput } from "../api/schemas.ts";
import { parseRole, ROLES, type SessionUser, t } from "../api/trpc.ts";
import type { Clock } from "../base/clock.ts";
import type { Auth } from "./auth.ts";

/** The signed-in person, and the version of the product. */
const me = z.object({
  user: z.object({ id: z.string(), name: z.string(), username: z.string(), role: z.enum(ROLES) }),
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
  /** The sessions with requests since the server started, by id. */
  readonly #live = new Map<string, { userId: string; abort: AbortController }>();

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
    const { id, name, username, role } = response.user;
    const user = { id, name, username: username ?? name, role: parseRole(role) };
    const ended = this.#liveSession(response.session.id, id).abort.signal;
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

  #liveSession(id: string, userId: string): { abort: AbortController } {
    const live = this.#live.get(id) ?? { userId, abort: new AbortController() };
    this.#live.set(id, live);
    return live;
  }

  #endThose(over: (id: string, userId: string) => boolean): void {
    for (const [cookie, { found }] of this.#kept)
      if (over(found.id, found.user.id)) this.#kept.delete(cookie);
    for (const [id, { userId, abort }] of this.#live) {
      if (!over(id, userId)) continue;
      this.#live.delete(id);
      abort.abort(new DOMException("The session has ended", "AbortError"));
    }
  }
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
