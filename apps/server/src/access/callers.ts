import type { IncomingHttpHeaders } from "node:http";
import type { SessionUser } from "../api/trpc.ts";
import { type ApiKeys, keyIn } from "./api-keys.ts";
import type { Sessions } from "./session.ts";

/** Who makes a request. */
export interface Caller {
  user: SessionUser;
  /** Null for an API key. */
  sessionId: string | null;
  /** Aborts when the session ends or the key is revoked. */
  ended: AbortSignal;
  /** Set-Cookie headers that make the session last longer. */
  cookies: string[];
}

/** Finds out who makes a request, by the API key or the cookie that it carries. */
export class Callers {
  readonly #sessions: Sessions;
  readonly #keys: ApiKeys;

  constructor(sessions: Sessions, keys: ApiKeys) {
    this.#sessions = sessions;
    this.#keys = keys;
  }

  /** Null for a stranger. A request with a key is judged by the key alone, whatever cookies it has. */
  async find(headers: IncomingHttpHeaders): Promise<Caller | null> {
    const key = keyIn(headers);
    if (key !== null) {
      const found = await this.#keys.find(key);
      return found === null ? null : { ...found, sessionId: null, cookies: [] };
    }
    const session = await this.#sessions.find(headers);
    return session === null ? null : { ...session, sessionId: session.id };
  }

  /** What the user may do has changed: requests are judged anew, and event streams end. */
  forget(userId: string): void {
    this.#sessions.endAll(userId);
    this.#keys.endAll(userId);
  }
}
