import { describe, expect, it } from "vitest";
import { cloneImage } from "../../../src/clone/clone-image.ts";
import type { CloneProgress } from "../../../src/clone/clone-plan.ts";
import { createImage, openImage } from "../../../src/image/image.ts";
import { createSnapshot, protectSnapshot } from "../../../src/image/snapshots.ts";
import { inventory } from "../../../src/inventory/inventory.ts";
import { meddledCluster } from "../../support/break-call.ts";
import { imageWithHistory, mib, write } from "../../support/fill.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";

const own = useOwnPool("clone-races");

async function state(): Promise<unknown> {
  const { rows } = await inventory(own.cluster, { pools: [own.pool] });
  return rows.map((row) => (row.state === "ok" ? { ...row, modifiedAt: null } : row));
}

const snapshotsOf = async (spec: string) =>
  (await own.witness.json("snap", "ls", spec)) as { name: string; protected: string }[];

describe("aborting", () => {
  it("undoes what was made, in every phase", async () => {
    const source = `${own.pool}/aborted`;
    await imageWithHistory(own.cluster, source, ["monday"]);
    const before = await state();
    const phases: string[] = [];
    for (const phase of ["check", "search", "snapshot", "clone", "flatten", "release", "grow"] as const) {
      for (const done of [0, 1]) {
        const controller = new AbortController();
        const reason = new Error(`aborted at ${phase} ${done}`);
        const onProgress = (progress: CloneProgress) => {
          const { done: at, total } = progress;
          if (progress.phase !== phase || (done === 0 ? at !== 0 : at === 0 || at < total)) return;
          phases.push(`${phase} ${done}`);
          controller.abort(reason);
        };
        const { signal } = controller;
        const clone = cloneImage(own.cluster, {
          source,
          target: `${source}-1`,
          cloneFormat: 1,
          size: 32 * mib,
          maxDepth: 0,
          signal,
          onProgress,
        });
        await expect(clone).rejects.toBe(reason);
        expect(await state(), reason.message).toEqual(before);
      }
    }
    expect(phases).toHaveLength(14);
  });

  it("does nothing when it was aborted before", async () => {
    const signal = AbortSignal.abort(new Error("before"));
    const clone = cloneImage(own.cluster, { source: `${own.pool}/x`, target: `${own.pool}/y`, signal });
    await expect(clone).rejects.toThrow("before");
  });

  it("undoes what was made when the caller's progress function throws", async () => {
    const source = `${own.pool}/throws`;
    await imageWithHistory(own.cluster, source, []);
    const before = await state();
    const onProgress = ({ phase }: CloneProgress) => {
      if (phase === "clone" || phase === "undo") throw new TypeError("not mine");
    };
    await expect(
      cloneImage(own.cluster, { source, target: `${source}-1`, onProgress }),
    ).rejects.toMatchObject({
      errors: [{ message: "not mine" }, { message: "not mine" }],
    });
    expect(await state()).toEqual(before);
  });
});

describe("another client", () => {
  it("creates the target first: its image stays, and ours leaves nothing", async () => {
    const [source, target] = [`${own.pool}/target-race`, `${own.pool}/target-race-1`];
    await imageWithHistory(own.cluster, source, []);
    const meddled = meddledCluster(own.native, {
      clone: () => createImage(own.cluster, target, { size: 3 * mib }),
    });
    await expect(cloneImage(meddled, { source, target })).rejects.toMatchObject({
      code: "EXISTS",
      object: target,
    });
    expect(await own.witness.json("info", target)).toMatchObject({ size: 3 * mib });
    expect(await snapshotsOf(source)).toEqual([]);
  });

  it("creates a snapshot of the given name first: its snapshot stays", async () => {
    const source = `${own.pool}/snapshot-race`;
    await imageWithHistory(own.cluster, source, []);
    const meddled = meddledCluster(own.native, {
      createSnapshot: () => createSnapshot(own.cluster, `${source}@mine`),
    });
    const clone = cloneImage(meddled, { source, target: `${source}-1`, snapshotName: "mine" });
    await expect(clone).rejects.toMatchObject({ code: "EXISTS", object: `${source}@mine` });
    expect(await snapshotsOf(source)).toMatchObject([{ name: "mine" }]);
  });

  it("protects the snapshot first: the clone uses it, and the protection stays", async () => {
    const source = `${own.pool}/protect-race`;
    await imageWithHistory(own.cluster, source, ["monday="]);
    const protectFirst = { protectSnapshot: () => protectSnapshot(own.cluster, `${source}@monday`) };
    const result = await cloneImage(meddledCluster(own.native, protectFirst), {
      source,
      target: `${source}-1`,
    });
    expect(result.created).toEqual({ snapshot: false, protection: false });

    const again = `${own.pool}/protect-race-2`;
    await imageWithHistory(own.cluster, again, ["monday="]);
    const meddled = meddledCluster(own.native, {
      protectSnapshot: () => protectSnapshot(own.cluster, `${again}@monday`),
      clone: () => createImage(own.cluster, `${again}-1`, { size: mib }),
    });
    await expect(cloneImage(meddled, { source: again, target: `${again}-1` })).rejects.toMatchObject({
      code: "EXISTS",
    });
    expect(await snapshotsOf(again)).toMatchObject([{ name: "monday", protected: "true" }]);
  });

  it("clones our new snapshot before our clone fails: the snapshot is left, and the error names it", async () => {
    const [source, target] = [`${own.pool}/shared-race`, `${own.pool}/shared-race-1`];
    await imageWithHistory(own.cluster, source, []);
    const meddled = meddledCluster(own.native, {
      clone: async () => {
        await cloneImage(own.cluster, {
          source: `${source}@shared`,
          target: `${source}-theirs`,
          cloneFormat: 2,
        });
        await createImage(own.cluster, target, { size: mib });
      },
    });
    const clone = cloneImage(meddled, { source, target, cloneFormat: 2, snapshotName: "shared" });
    await expect(clone).rejects.toMatchObject({
      code: "UNDO_FAILED",
      left: [expect.stringContaining(`the snapshot ${source}@shared (1 other clone depends on it now)`)],
    });
    expect(await own.witness.md5(`${source}-theirs`)).toBe(await own.witness.md5(source));
  });

  it("writes and creates a snapshot during the search: the clone has the write", async () => {
    const source = `${own.pool}/search-race`;
    await imageWithHistory(own.cluster, source, ["monday="]);
    const meddled = meddledCluster(own.native, {
      // The first object map is read after the list of snapshots.
      readData: async () => {
        // Into an object that is there: in the map of the current state it counts as unchanged since the snapshot.
        await write(own.cluster, source, 0, 4096, 99);
        await createSnapshot(own.cluster, `${source}@tuesday`);
      },
    });
    const result = await cloneImage(meddled, { source, target: `${source}-1` });
    expect(result).toMatchObject({ reused: true, snapshot: { name: "tuesday" } });
    expect(await own.witness.md5(`${source}-1`)).toBe(await own.witness.md5(source));
  });
});

describe("a source that is resized while it is read", () => {
  const resizing = (spec: string, size: number) => ({
    // The first thing that is written is the lock under which the snapshot is made.
    write: async () => {
      await using image = await openImage(own.cluster, spec);
      await image.resize(size, { allowShrink: true });
    },
  });

  it("is refused when it is too large by then, and nothing is left", async () => {
    const source = `${own.pool}/grows`;
    await imageWithHistory(own.cluster, source, []);
    const meddled = meddledCluster(own.native, resizing(source, 32 * mib));
    const clone = cloneImage(meddled, { source, target: `${source}-1`, size: 24 * mib });
    await expect(clone).rejects.toMatchObject({ code: "INVALID_ARGUMENT", object: `${source}-1` });
    expect(await snapshotsOf(source)).toEqual([]);
    await expect(own.witness.json("info", `${source}-1`)).rejects.toThrow();
  });

  it("gets the size that was asked for, though it was the source's before", async () => {
    const source = `${own.pool}/shrinks`;
    await imageWithHistory(own.cluster, source, []);
    const seen: CloneProgress[] = [];
    const meddled = meddledCluster(own.native, resizing(source, 8 * mib));
    const result = await cloneImage(meddled, {
      source,
      target: `${source}-1`,
      size: 16 * mib,
      onProgress: (progress) => seen.push(progress),
    });
    expect(result).toMatchObject({ sourceSize: 8 * mib, size: 16 * mib });
    expect(await own.witness.json("info", `${source}-1`)).toMatchObject({ size: 16 * mib });
    expect(seen.at(-1)).toEqual({ phase: "grow", done: 1, total: 1, unit: "steps" });
  });
});

describe("a source that is being written to", () => {
  const blocks = 8;
  const blockSize = 4096;

  it("is cloned as it was at some moment during the call", async () => {
    const source = `${own.pool}/written`;
    await createImage(own.cluster, source, { size: blocks * 4 * mib });
    await using image = await openImage(own.cluster, source);
    let [written, stop] = [0, false];
    // Write n goes to block n modulo 8, each in another object, and only when the one before is safe.
    const writer = (async () => {
      while (!stop) {
        const n = written + 1;
        const block = Buffer.alloc(blockSize);
        block.writeUInt32LE(n);
        await image.write((n % blocks) * 4 * mib, block);
        await image.flush();
        written = n;
      }
    })();
    try {
      for (let round = 0; round < 6; round++) {
        const before = written;
        const target = `${source}-${round}`;
        await cloneImage(own.cluster, { source, target });
        const after = written + 1;
        await using clone = await openImage(own.cluster, target, { readOnly: true });
        const found: number[] = [];
        for (let block = 0; block < blocks; block++) {
          found.push((await clone.read(block * 4 * mib, blockSize)).readUInt32LE(0));
        }
        const newest = Math.max(...found);
        const expected = Array.from({ length: blocks }, (_, block) => {
          const last = newest - ((newest - block + blocks) % blocks);
          return Math.max(last, 0);
        });
        expect(found).toEqual(expected);
        expect(newest).toBeGreaterThanOrEqual(before);
        expect(newest).toBeLessThanOrEqual(after);
      }
    } finally {
      stop = true;
      await writer;
    }
  });
});
