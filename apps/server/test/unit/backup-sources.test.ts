import { type BackupChainRow, type BackupRecord, CoppiceError, type PointProblem } from "rbd-core";
import { expect, test } from "vitest";
import type { TargetContents } from "../../src/backups/catalogue.ts";
import { Catalogue } from "../../src/backups/catalogue.ts";
import {
  collectSources,
  type FindSource,
  listSources,
  type SourceRow,
  sourcesInput,
} from "../../src/backups/source-list.ts";
import { type BackupTargets, targetSettings } from "../../src/backups/targets.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { silentLog } from "../support/silent-log.ts";
import { recordOf, stubTarget, TARGET } from "../support/stub-backups.ts";

const settings = {
  directory: targetSettings.parse({ kind: "directory", path: "/mnt/backups" }),
  pool: targetSettings.parse({ kind: "pool", cluster: "ceph", pool: "backups" }),
};

/** The contents of a target with these chains. */
function contentsOf(
  chains: readonly (readonly BackupRecord[])[],
  { problems = [], kind = "directory" }: { problems?: PointProblem[]; kind?: keyof typeof settings } = {},
): TargetContents {
  const rows = chains.flatMap((backups): BackupChainRow[] => {
    const [first] = backups;
    if (first === undefined) return [];
    const own = problems.filter(({ id }) => backups.some((backup) => backup.id === id));
    return [{ chain: first.chain, source: first.source, backups, problems: own }];
  });
  return {
    target: { id: TARGET, name: "nas", settings: settings[kind], createdAt: "2026-03-01T12:00:00.000Z" },
    listing: { chains: rows, unreadable: [], foreign: [] },
    readAt: "2026-03-01T12:00:00.000Z",
    error: null,
  };
}

const nowhere: FindSource = () => ({ cluster: null, image: null, readAt: null });

/** A backup of the image with this number. */
function backupOf(image: number, id: string, changes: Partial<BackupRecord> = {}): BackupRecord {
  const source = { ...recordOf(id).source, imageId: `${image}a`, imageName: `disk-${image % 7}-${image}` };
  return recordOf(id, { source, chain: `chain-${image}`, ...changes });
}

const missing = (id: string): PointProblem => ({
  id,
  error: new CoppiceError({ code: "NOT_FOUND", call: "backup", message: "its file is gone" }),
});

test("pages in every order hold each source once, whatever is sorted by", () => {
  const chains = Array.from({ length: 57 }, (_, image) =>
    Array.from({ length: 1 + (image % 3) }, (_each, index) =>
      backupOf(image, `${image}-${index}`, { pointAt: `2026-03-0${1 + (image % 5)}T12:00:0${index}.000Z` }),
    ),
  );
  const sources = collectSources([contentsOf(chains)], nowhere);
  for (const by of ["name", "newest", "oldest", "points", "stored", "verified"] as const) {
    for (const dir of ["asc", "desc"] as const) {
      const seen: SourceRow[] = [];
      let cursor: string | undefined;
      do {
        const page = listSources(sources, sourcesInput.parse({ sort: { by, dir }, cursor, limit: 10 }));
        expect([page.total, page.filtered]).toEqual([57, 57]);
        seen.push(...page.rows);
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined);
      expect(new Set(seen.map(({ key }) => key)).size).toBe(57);
      expect(seen).toHaveLength(57);
      const points = seen.map((row) => row.points);
      if (by === "points") expect(points).toEqual(points.toSorted((a, b) => (dir === "asc" ? a - b : b - a)));
    }
  }
});

test("a cursor of another order is refused, and so is any other text", () => {
  const sources = collectSources([contentsOf([[backupOf(1, "a")], [backupOf(2, "b")]])], nowhere);
  const { nextCursor } = listSources(sources, sourcesInput.parse({ limit: 1 }));
  for (const cursor of [nextCursor ?? "", "", "bm9uc2Vuc2U"]) {
    const input = sourcesInput.parse({ cursor, sort: { by: "points", dir: "asc" } });
    expect(() => listSources(sources, input)).toThrow(expect.objectContaining({ code: "STALE_CURSOR" }));
  }
});

test("a missing file of a directory breaks all points that build on it; a point in a pool stands by itself", () => {
  const chain = [
    backupOf(1, "a"),
    backupOf(1, "b", { parent: "a", kind: "incremental" }),
    backupOf(1, "c", { parent: "b", kind: "incremental" }),
  ];
  const brokenIn = (kind: keyof typeof settings) => {
    const [source] = collectSources([contentsOf([chain], { kind, problems: [missing("b")] })], nowhere);
    const points = source?.chains[0]?.points ?? [];
    return { holes: source?.row.holes, broken: points.map(({ brokenBy }) => brokenBy) };
  };
  expect(brokenIn("directory")).toEqual({ holes: 2, broken: [null, null, "b"] });
  expect(brokenIn("pool")).toEqual({ holes: 1, broken: [null, null, null] });
});

test("filters are by name, problem, and whether the source is gone", () => {
  const bad = {
    at: "2026-03-02T00:00:00.000Z",
    ok: false,
    bytes: 1,
    problems: ["it differs"],
    problemCount: 1,
  };
  const failed = backupOf(2, "b", { checks: { quick: null, deep: bad, source: null } });
  const found: FindSource = ({ imageId }) => ({
    cluster: "ceph",
    readAt: "2026-03-03T00:00:00.000Z",
    image:
      imageId === "1a" ? { spec: "rbd/renamed", key: "ceph/rbd//1a", snapshotIds: new Set(["4"]) } : null,
  });
  const sources = collectSources([contentsOf([[backupOf(1, "a")], [failed]])], found);
  const names = (filter: object) =>
    listSources(sources, sourcesInput.parse(filter)).rows.map(({ image }) => image);
  expect(names({})).toEqual(["rbd/disk-2-2", "rbd/renamed"]);
  expect(names({ search: "RENAMED" })).toEqual(["rbd/renamed"]);
  expect(names({ problem: "failed-check" })).toEqual(["rbd/disk-2-2"]);
  expect(names({ problem: "source-gone" })).toEqual(["rbd/disk-2-2"]);
  expect(names({ problem: "never-verified" })).toEqual(["rbd/renamed"]);
  expect(names({ cluster: "other" })).toEqual([]);
  const exists = sources.map(({ chains }) => chains[0]?.points[0]?.snapshot?.exists);
  expect(exists).toEqual([true, false]);
});

test("a target that cannot be read keeps what was read before, and says why", async () => {
  const clock = new FakeClock();
  const state = { fails: false, reads: 0 };
  const stored = contentsOf([]).target;
  const targets = {
    list: async () => [stored],
    async use(_id: string, work: (target: ReturnType<typeof stubTarget>) => unknown) {
      state.reads += 1;
      if (state.fails) throw new Error("stale file handle");
      return await work(stubTarget([recordOf("a")]));
    },
  } as unknown as BackupTargets;
  const catalogue = new Catalogue({ targets, clock, log: silentLog() });
  const read = async () => (await catalogue.contents())[0];
  expect((await read())?.listing?.chains).toHaveLength(1);
  await read();
  expect(state.reads).toBe(1); // fresh
  state.fails = true;
  await catalogue.renew(TARGET);
  expect(await read()).toMatchObject({ error: new Error("stale file handle"), listing: { chains: [{}] } });
  state.fails = false;
  await catalogue.renew(TARGET);
  expect(await read()).toMatchObject({ error: null });
  await catalogue.close();
});
