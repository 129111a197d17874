import { describe, expect, it } from "vitest";
import type { Cluster } from "../../../src/cluster/cluster.ts";
import { createImage, openImage } from "../../../src/image/index.ts";
import {
  abortMirror,
  confirmPivot,
  followMirror,
  listMirrors,
  mirrorStatus,
  pivotMirror,
  startMirror,
  syncMirror,
} from "../../../src/mirror/index.ts";
import { listOperations } from "../../../src/operation/index.ts";
import { runAndKill } from "../../support/kill-at.ts";
import { diskBytes, lastTurn, WritingMachine } from "../../support/writing-machine.ts";
import type { PlainRbd } from "../formats/plain-rbd.ts";
import { useOwnCluster, usePlainRbd } from "../formats/use-plain-rbd.ts";

const { plain: here, cluster: near } = await usePlainRbd("mirror");
const { plain: beside } = await usePlainRbd("mirrored");
const { plain: alone } = await usePlainRbd("mirrored-alone");
const { plain: there, cluster: far } = await useOwnCluster("mirror-far", { mgr: false });

const disks = ["root", "data"];

/** The last turn that each disk shows at a snapshot: of one instant, or the second disk is more than a turn behind. */
async function turnsAt(cluster: Cluster, pool: string, names: readonly string[], snapshot?: string) {
  const turns: number[] = [];
  for (const image of names) {
    const spec = { pool, namespace: "", image, ...(snapshot === undefined ? {} : { snapshot }) };
    await using opened = await openImage(cluster, spec, { readOnly: true });
    turns.push(await lastTurn(opened));
  }
  return turns;
}

async function expectOneInstant(cluster: Cluster, pool: string, names: readonly string[], snapshot: string) {
  const [first = 0, second = 0] = await turnsAt(cluster, pool, names, snapshot);
  expect([0, 1]).toContain(first - second);
  return second;
}

async function snapshotsOf(plain: PlainRbd, image: string): Promise<string[]> {
  const listed: { name: string }[] = JSON.parse(
    String(await plain.rbd(["snap", "ls", "--format", "json", plain.image(image)])),
  );
  return listed.map(({ name }) => name);
}

async function imagesOf(plain: PlainRbd): Promise<string[]> {
  return JSON.parse(String(await plain.rbd(["ls", "--format", "json", plain.pool])));
}

const noOperations = async () => {
  expect(await listOperations(near, { pools: [here.pool, beside.pool, alone.pool] })).toEqual([]);
  expect(await listOperations(far, { pools: [there.pool] })).toEqual([]);
};

describe.each([
  ["another pool", beside, near],
  ["another cluster", there, far],
])("to %s", (where, plain, cluster) => {
  const names = disks.map((disk) => `${where.replace(" ", "-")}-${disk}`);
  const place = (of: PlainRbd, image: string) => ({ conf: of.conf, pool: of.pool, image });
  const target = { cluster, pool: plain.pool };
  const mirror = `${plain.pool}/${names[0]}`;

  it("a machine that writes all the time is mirrored, and moves without losing a turn", {
    timeout: 120_000,
  }, async () => {
    for (const name of names) await createImage(near, here.image(name), { size: diskBytes });
    await using machine = new WritingMachine(names.map((name) => place(here, name)));
    await machine.start();
    await machine.someTurns(20);

    const request = { name: "move", disks: names.map((name) => ({ source: here.image(name) })) };
    const said: string[] = [];
    const started = await startMirror(near, request, {
      target,
      freeze: async () => void said.push("freeze"),
      thaw: async () => void said.push("thaw"),
    });
    expect(said).toEqual(["freeze", "thaw"]);
    expect(started).toMatchObject({ state: "mirroring", label: "move", complete: { number: 1 }, next: null });
    let turn = 0;
    for (const number of [2, 3]) {
      await machine.someTurns(10);
      const { set, heldMs } = await syncMirror(near, { mirror, target });
      expect(set.number).toBe(number);
      expect(heldMs).toBeGreaterThan(0);
      const shown = await expectOneInstant(cluster, plain.pool, names, set.snapshot);
      expect(shown).toBeGreaterThan(turn);
      turn = shown;
      for (const name of names) {
        const at = `${name}@${set.snapshot}`;
        expect(await plain.contents(plain.image(at)), name).toBe(await here.contents(here.image(at)));
        expect(await snapshotsOf(plain, name)).toEqual([set.snapshot]);
        expect(await snapshotsOf(here, name)).toEqual([set.snapshot]);
      }
    }
    const status = await mirrorStatus(cluster, { mirror });
    expect(status).toMatchObject({ state: "mirroring", complete: { number: 3 }, driver: null });
    expect(status.lagSeconds).toBeGreaterThan(0);
    expect((await listMirrors(cluster, { pools: [plain.pool] })).mirrors.map(({ id }) => id)).toEqual([
      started.id,
    ]);

    const pivot = await pivotMirror(near, {
      mirror,
      target,
      quiesce: () => machine.pause(),
      resume: async () => machine.resume(),
      switch: async (moved) => {
        turn = machine.turn;
        await machine.moveTo(moved.map(({ mirror: { image } }) => place(plain, image)));
      },
    });
    expect(pivot).toMatchObject({ mirror: { state: "pivoted", lagSeconds: null } });
    const final = pivot.final?.set.snapshot ?? "";
    for (const name of names) {
      const at = `${name}@${final}`;
      expect(await plain.contents(plain.image(at)), name).toBe(await here.contents(here.image(at)));
      // The source is kept as it was.
      expect(await here.contents(here.image(name))).toBe(await here.contents(here.image(at)));
    }
    expect(await turnsAt(cluster, plain.pool, names, final)).toEqual([turn, turn]);
    await machine.someTurns(20);
    await expect(abortMirror(near, { mirror, target })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(syncMirror(near, { mirror, target })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });

    // While the machine runs.
    const confirmed = await confirmPivot(near, { mirror, target, sources: "trash" });
    expect(confirmed).toMatchObject({ kept: [], trashed: [{ image: names[0] }, { image: names[1] }] });
    await machine.stop();
    expect(await turnsAt(cluster, plain.pool, names)).toEqual([machine.turn, machine.turn]);
    for (const name of names) {
      expect(await snapshotsOf(plain, name)).toEqual([]);
      expect(await plain.wrongInObjectMap(plain.image(name))).toEqual([]);
    }
    expect(await imagesOf(here)).not.toEqual(expect.arrayContaining(names));
    expect((await listMirrors(cluster, { pools: [plain.pool] })).mirrors).toEqual([]);
    await expect(mirrorStatus(cluster, { mirror })).rejects.toMatchObject({ code: "NOT_FOUND" });
    await noOperations();
  });
});

it("in another cluster, a sync whose process was killed between its disks goes on over there", async () => {
  const names = ["killed-root", "killed-data"];
  for (const name of names) await createImage(near, here.image(name), { size: diskBytes });
  const target = { cluster: far, pool: there.pool };
  const mirror = there.image("killed-root");
  await startMirror(near, { disks: names.map((name) => ({ source: here.image(name) })) }, { target });
  for (const name of names) {
    await using image = await openImage(near, here.image(name));
    await image.write(0, Buffer.alloc(100_000, 7));
  }
  const options = {
    do: "sync",
    pool: here.pool,
    disks: names,
    target: { pool: there.pool, conf: there.conf },
  } as const;
  const kill = { nth: 18, late: false };
  const { killed } = await runAndKill({ conf: here.conf, kill, flow: { call: "mirror", options } });
  expect(killed).toBe(true);
  expect(await mirrorStatus(far, { mirror })).toMatchObject({ complete: { number: 1 }, next: { number: 2 } });
  const { set } = await syncMirror(near, { mirror, target });
  expect(set.number).toBe(3);
  for (const name of names) {
    const at = `${name}@${set.snapshot}`;
    expect(await there.contents(there.image(at)), name).toBe(await here.contents(here.image(at)));
    expect(await snapshotsOf(here, name)).toEqual([set.snapshot]);
    expect(await snapshotsOf(there, name)).toEqual([set.snapshot]);
  }
  await abortMirror(near, { mirror, target });
  await noOperations();
});

describe("a mirror", () => {
  const target = { pool: alone.pool };

  async function machineOf(...names: string[]): Promise<WritingMachine> {
    for (const name of names) await createImage(near, here.image(name), { size: diskBytes });
    const machine = new WritingMachine(names.map((image) => ({ conf: here.conf, pool: here.pool, image })));
    await machine.start();
    await machine.someTurns(5);
    return machine;
  }
  const request = (...names: string[]) => ({ disks: names.map((name) => ({ source: here.image(name) })) });

  it("is aborted with everything that it made, and nothing else", async () => {
    await using machine = await machineOf("a", "b");
    await here.rbd(["snap", "create", "--no-progress", here.image("a@mine")]);
    await createImage(near, alone.image("neighbour"), { size: diskBytes });
    const mirror = alone.image("a");
    await startMirror(near, request("a", "b"), { target });
    await syncMirror(near, { mirror });
    await here.rbd(["snap", "create", "--no-progress", alone.image("b@foreign")]);
    await expect(abortMirror(near, { mirror })).rejects.toMatchObject({
      code: "NOT_EMPTY",
      object: alone.image("b"),
    });
    // It goes on as if nothing had been said.
    expect((await syncMirror(near, { mirror })).set.number).toBe(3);
    await here.rbd(["snap", "rm", "--no-progress", alone.image("b@foreign")]);
    const { removed, kept } = await abortMirror(near, { mirror });
    expect(removed.map(({ image }) => image)).toEqual(["a", "b"]);
    expect(kept).toEqual([]);
    expect(await imagesOf(alone)).toEqual(["neighbour"]);
    expect(await snapshotsOf(here, "a")).toEqual(["mine"]);
    expect(await snapshotsOf(here, "b")).toEqual([]);
    const turn = machine.turn;
    await machine.someTurns(5);
    expect(machine.turn).toBeGreaterThan(turn);
    await noOperations();
  });

  it("that cannot be started leaves nothing, and touches no image of the names that it wants", async () => {
    await using _machine = await machineOf("c", "d");
    await createImage(near, alone.image("d"), { size: diskBytes });
    await expect(startMirror(near, request("c", "d"), { target })).rejects.toMatchObject({
      code: "EXISTS",
      object: alone.image("d"),
    });
    await here.rbd(["rm", "--no-progress", alone.image("d")]);
    const stop = new AbortController();
    const reason = new Error("enough");
    const onProgress = ({ disk }: { disk: string }) => disk === "d" && stop.abort(reason);
    const starting = startMirror(near, request("c", "d"), { target, signal: stop.signal, onProgress });
    await expect(starting).rejects.toBe(reason);
    for (const name of ["c", "d"]) expect(await imagesOf(alone)).not.toContain(name);
    for (const name of ["c", "d"]) expect(await snapshotsOf(here, name)).toEqual([]);
    expect((await listMirrors(near, { pools: [alone.pool] })).mirrors).toEqual([]);
    await noOperations();
  });

  it("whose sync fails between its disks keeps its last set whole, and goes on with the new one", async () => {
    await using machine = await machineOf("e", "f");
    const mirror = alone.image("e");
    const { complete } = await startMirror(near, request("e", "f"), { target });
    const before = await Promise.all(
      ["e", "f"].map((name) => alone.contents(`${alone.image(name)}@${complete?.snapshot}`)),
    );
    await machine.someTurns(10);
    const stop = new AbortController();
    const reason = new Error("enough");
    const onProgress = ({ disk }: { disk: string }) => disk === "f" && stop.abort(reason);
    await expect(syncMirror(near, { mirror, signal: stop.signal, onProgress })).rejects.toBe(reason);
    const status = await mirrorStatus(near, { mirror });
    expect(status).toMatchObject({ complete: { number: 1 }, next: { number: 2 } });
    expect(
      await Promise.all(
        ["e", "f"].map((name) => alone.contents(`${alone.image(name)}@${complete?.snapshot}`)),
      ),
    ).toEqual(before);
    // The set that was begun, and one more.
    const { set } = await syncMirror(near, { mirror });
    expect(set.number).toBe(3);
    await expectOneInstant(near, alone.pool, ["e", "f"], set.snapshot);

    // A snapshot that somebody cloned stays, and goes when the clone is gone.
    await here.rbd([
      "clone",
      "--rbd-default-clone-format",
      "2",
      `${alone.image("f")}@${set.snapshot}`,
      alone.image("clone"),
    ]);
    const { kept } = await syncMirror(near, { mirror });
    expect(kept).toEqual([{ snapshot: `${alone.image("f")}@${set.snapshot}`, why: "it has clones" }]);
    await here.rbd(["rm", "--no-progress", alone.image("clone")]);
    expect((await syncMirror(near, { mirror })).kept).toEqual([]);
    expect(await snapshotsOf(alone, "f")).toHaveLength(1);
    await abortMirror(near, { mirror });
  });

  it("that cannot be switched over goes on, with its machine where it was", async () => {
    await using machine = await machineOf("g", "h");
    const mirror = alone.image("g");
    await startMirror(near, request("g", "h"), { target });
    const said: string[] = [];
    const hooks = {
      mirror,
      quiesce: async () => {
        said.push("quiesce");
        await machine.pause();
      },
      resume: async () => {
        said.push("resume");
        machine.resume();
      },
      switch: async () => {
        said.push("switch");
        throw new Error("no such machine");
      },
      verify: "changed" as const,
    };
    await expect(pivotMirror(near, hooks)).rejects.toThrow("no such machine");
    expect(said.splice(0)).toEqual(["quiesce", "switch", "resume"]);
    await machine.someTurns(5);
    // One that does not stop is found out.
    const running = {
      ...hooks,
      quiesce: async () => void said.push("quiesce"),
      resume: async () => void said.push("resume"),
    };
    await expect(pivotMirror(near, running)).rejects.toMatchObject({ code: "SOURCE_CHANGED" });
    expect(said.splice(0)).toEqual(["quiesce", "resume"]);
    // So is one that takes too long.
    const late = {
      ...hooks,
      quiesceLimitMs: 50,
      quiesce: () => new Promise<void>(() => {}),
      resume: running.resume,
    };
    await expect(pivotMirror(near, late)).rejects.toMatchObject({ code: "TIMED_OUT" });
    expect(said.splice(0)).toEqual(["resume"]);
    expect((await syncMirror(near, { mirror })).kept).toEqual([]);
    await abortMirror(near, { mirror });
    await noOperations();
  });

  it("is followed until that is ended, and driven by one process at a time", async () => {
    await using machine = await machineOf("i");
    const mirror = alone.image("i");
    await startMirror(near, request("i"), { target });
    await expect(startMirror(near, request("i"), { target })).rejects.toMatchObject({ code: "EXISTS" });
    const stop = new AbortController();
    const reason = new Error("enough");
    const turns: number[] = [];
    const follow = async () => {
      for await (const { set } of followMirror(near, { mirror, lagTargetSeconds: 1, signal: stop.signal })) {
        const [turn = 0] = await turnsAt(near, alone.pool, ["i"], set.snapshot);
        turns.push(turn);
        if (turns.length === 2) stop.abort(reason);
      }
    };
    await expect(follow()).rejects.toBe(reason);
    expect(turns[1]).toBeGreaterThan(turns[0] ?? 0);
    const both = await Promise.allSettled([syncMirror(near, { mirror }), syncMirror(near, { mirror })]);
    expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    const [{ reason: busy }] = both.filter((each) => each.status === "rejected") as [PromiseRejectedResult];
    expect(busy).toMatchObject({ code: "BUSY" });
    await machine.someTurns(1);
    await abortMirror(near, { mirror });
    await noOperations();
  });
});
