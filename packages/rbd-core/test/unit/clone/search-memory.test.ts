import { describe, expect, it } from "vitest";
import { SearchMemory } from "../../../src/clone/search/search-memory.ts";
import type { SearchResult } from "../../../src/clone/search/search-snapshot.ts";
import type { SourceFacts } from "../../../src/clone/search/source.ts";

const nothing: SearchResult = { snapshot: null, reason: "the source has no snapshot" };

function facts(more: Partial<SourceFacts> = {}): SourceFacts {
  return {
    spec: { pool: "rbd", namespace: "", image: "vm-1" },
    id: "1a2b",
    oldFormat: false,
    size: 1024,
    features: 1n,
    flags: 0n,
    objectSize: 4096,
    stripeUnit: 4096,
    stripeCount: 1,
    dataPool: null,
    snapshots: [],
    parent: null,
    history: null,
    ...more,
  };
}

/** A memory with a clock, and the count of the searches that were needed. */
function remembering() {
  const state = { now: 0, searches: 0 };
  const memory = new SearchMemory(() => state.now);
  const search = async () => {
    state.searches++;
    return nothing;
  };
  return { state, memory, search };
}

describe("SearchMemory", () => {
  it("spares a second search of a source that is as it was", async () => {
    const { state, memory, search } = remembering();
    expect(await memory.find(facts(), search)).toBe(nothing);
    state.now += 14_000;
    expect(await memory.find(facts(), search)).toBe(nothing);
    expect(state.searches).toBe(1);
  });

  it.each([
    ["another size", facts({ size: 2048 })],
    ["another id", facts({ id: "3c4d" })],
    ["a snapshot that was made and removed", facts({ history: history(7n) })],
  ])("searches again for %s", async (_, changed) => {
    const { state, memory, search } = remembering();
    await memory.find(facts({ history: history(6n) }), search);
    await memory.find(changed, search);
    expect(state.searches).toBe(2);
  });

  it("forgets after some seconds, however often it was asked", async () => {
    const { state, memory, search } = remembering();
    for (; state.now < 30_000; state.now += 5_000) await memory.find(facts(), search);
    expect(state.searches).toBe(2);
  });

  it("does not remember a search that failed or was aborted", async () => {
    const { state, memory, search } = remembering();
    await expect(memory.find(facts(), () => Promise.reject(new Error("stopped")))).rejects.toThrow("stopped");
    await memory.find(facts(), search);
    expect(state.searches).toBe(1);
  });
});

function history(sequence: bigint): NonNullable<SourceFacts["history"]> {
  return { size: 1024, snapshots: [], sequence, parent: null };
}
