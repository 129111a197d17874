import type { IoCtx } from "rbd-native";

type Open = (pool: string, namespace: string) => Promise<IoCtx>;

interface Entry {
  pool: string;
  ioCtx: Promise<IoCtx>;
}

/** Keeps one handle for each pool and namespace, and opens it on first use. */
export class IoCtxCache {
  readonly #open: Open;
  readonly #entries = new Map<string, Entry>();

  constructor(open: Open) {
    this.#open = open;
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  /** A failure to open is not cached, since the pool may be created later. */
  get(pool: string, namespace: string): Promise<IoCtx> {
    const key = `${pool}/${namespace}`;
    const known = this.#entries.get(key);
    if (known !== undefined) return known.ioCtx;
    const entry = { pool, ioCtx: this.#open(pool, namespace) };
    this.#entries.set(key, entry);
    entry.ioCtx.catch(() => {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
    });
    return entry.ioCtx;
  }

  /** Closes the handles of pools that were deleted, also of those that were created again under the same name. */
  async keepOnly(pools: ReadonlyMap<string, number>): Promise<void> {
    for (const entry of [...this.#entries.values()]) {
      const id = pools.get(entry.pool);
      const ioCtx = await settled(entry.ioCtx);
      if (ioCtx !== undefined && ioCtx.poolId !== id) await this.forget(entry.pool);
    }
  }

  /** Closes the handles of a pool. */
  async forget(pool: string): Promise<void> {
    for (const [key, entry] of [...this.#entries]) {
      if (entry.pool !== pool) continue;
      this.#entries.delete(key);
      await (await settled(entry.ioCtx))?.close();
    }
  }

  async close(): Promise<void> {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    await Promise.all(entries.map(async (entry) => (await settled(entry.ioCtx))?.close()));
  }
}

/** A failure to open was already reported to the caller of {@link IoCtxCache.get}. */
async function settled(ioCtx: Promise<IoCtx>): Promise<IoCtx | undefined> {
  try {
    return await ioCtx;
  } catch {
    return undefined;
  }
}
