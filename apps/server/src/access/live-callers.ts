/** Ends what goes on for a caller whose session has ended or whose key was revoked: its event streams. */
export class LiveCallers {
  /** The sessions or keys with requests since the server started, by id. */
  readonly #live = new Map<string, { userId: string; abort: AbortController }>();

  /** Aborts when the session or key ends. */
  signalOf(id: string, userId: string): AbortSignal {
    const live = this.#live.get(id) ?? { userId, abort: new AbortController() };
    this.#live.set(id, live);
    return live.abort.signal;
  }

  end(over: (id: string, userId: string) => boolean): void {
    for (const [id, { userId, abort }] of this.#live) {
      if (!over(id, userId)) continue;
      this.#live.delete(id);
      abort.abort(new DOMException("The session has ended", "AbortError"));
    }
  }
}
