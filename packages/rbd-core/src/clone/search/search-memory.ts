import type { SearchResult } from "./search-snapshot.ts";
import type { SourceFacts } from "./source.ts";

/** What was found before is believed for that long. */
const milliseconds = 15_000;

interface Remembered {
  readonly at: number;
  /** The size and the snapshots of the source at that time. */
  readonly state: string;
  readonly found: SearchResult;
}

/**
 * Remembers for some seconds which snapshot of a source holds its current state, for plans that are shown while somebody
 * chooses: with another target the same source need not be compared with all its snapshots again. Writes to the source
 * meanwhile are not noticed, so nothing is cloned by it: `cloneImage` compares itself.
 */
export class SearchMemory {
  readonly #now: () => number;
  /** By the source's pool and id; the oldest first. */
  readonly #remembered = new Map<string, Remembered>();

  /** @param now Milliseconds of a clock that never goes back. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** What is remembered of a source that is as it was, or else what `search` finds. Only what was found is remembered. */
  async find(facts: SourceFacts, search: () => Promise<SearchResult>): Promise<SearchResult> {
    const { spec, id } = facts;
    const key = JSON.stringify([spec.pool, spec.namespace, id]);
    const state = stateOf(facts);
    this.#forgetOld();
    const known = this.#remembered.get(key);
    if (known?.state === state) return known.found;
    const found = await search();
    this.#remembered.delete(key);
    this.#remembered.set(key, { at: this.#now(), state, found });
    return found;
  }

  #forgetOld(): void {
    const oldest = this.#now() - milliseconds;
    for (const [key, { at }] of this.#remembered) {
      if (at > oldest) return;
      this.#remembered.delete(key);
    }
  }
}

function stateOf({ size, snapshots, history }: SourceFacts): string {
  const listed = snapshots.map(({ id, name }) => [String(id), name]);
  return JSON.stringify([size, String(history?.sequence ?? ""), listed]);
}
