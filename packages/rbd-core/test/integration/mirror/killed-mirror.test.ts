import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { purgeTrash, removeImage } from "../../../src/deletion/index.ts";
import { hasCode } from "../../../src/errors/index.ts";
import { createImage, openImage } from "../../../src/image/index.ts";
import { abortMirror, listMirrors } from "../../../src/mirror/index.ts";
import { listOperations } from "../../../src/operation/index.ts";
import { reconcile } from "../../../src/reconcile/index.ts";
import { type DriveMirror, driveMirror } from "../../support/drive-mirror.ts";
import { mib } from "../../support/fill.ts";
import { runAndKill } from "../../support/kill-at.ts";
import { isSoak } from "../../support/soak.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";

const own = useOwnPool("killed-mirror", ["mirrors"]);
const target = own.other("mirrors");
const disks = ["a", "b"];
/** The operations of this file. Other files leave some as well. */
const mine = { pools: [own.pool, target] };

const drive = (what: DriveMirror["do"]): DriveMirror => ({
  do: what,
  pool: own.pool,
  disks,
  target: { pool: target },
});

async function write(): Promise<void> {
  for (const name of disks) {
    await using image = await openImage(own.cluster, `${own.pool}/${name}`);
    await image.write(Math.floor(Math.random() * 3) * mib, randomBytes(100_000));
  }
}

/** What a mirror is in before its driver is killed. */
const before: Record<DriveMirror["do"], readonly DriveMirror["do"][]> = {
  start: [],
  sync: ["start"],
  pivot: ["start"],
  confirm: ["start", "pivot"],
  abort: ["start"],
};

async function prepare(what: DriveMirror["do"]): Promise<void> {
  for (const name of disks) await createImage(own.cluster, `${own.pool}/${name}`, { size: 4 * mib });
  await write();
  for (const each of before[what]) await driveMirror(own.cluster, drive(each));
  if (what === "sync" || what === "pivot") await write();
}

const images = async (pool: string) => (await own.witness.json("ls", pool)) as string[];
const snapshots = async (spec: string) =>
  ((await own.witness.json("snap", "ls", spec)) as { name: string }[]).map(({ name }) => name);

/** Compares the complete set with the sources: it must be whole whatever happened. */
async function expectWholeSet(): Promise<void> {
  const [mirror] = (await listMirrors(own.cluster, mine)).mirrors;
  // From then on its snapshots are removed.
  if (mirror === undefined || mirror.state === "confirming" || mirror.state === "aborting") return;
  for (const name of mirror.complete === null ? [] : disks) {
    const at = `${name}@${mirror.complete?.snapshot}`;
    expect(await own.witness.md5(`${target}/${at}`), at).toBe(await own.witness.md5(`${own.pool}/${at}`));
  }
}

/** The same call, as after a crash: what `reconcile` has finished is not there any more. */
async function again(what: DriveMirror["do"], isReconciled: boolean): Promise<void> {
  await driveMirror(own.cluster, drive(what)).catch((error: unknown) => {
    const isDone =
      what === "confirm" || what === "abort"
        ? hasCode(error, "NOT_FOUND")
        : hasCode(error, "INVALID_ARGUMENT");
    if (!isReconciled || !(isDone || hasCode(error, "EXISTS"))) throw error;
  });
}

async function expectDone(what: DriveMirror["do"]): Promise<void> {
  expect(await listOperations(own.cluster, mine)).toEqual([]);
  const { mirrors, problems } = await listMirrors(own.cluster, mine);
  expect(problems).toEqual([]);
  if (what === "confirm" || what === "abort") {
    expect(mirrors).toEqual([]);
    expect(await images(target)).toEqual(what === "confirm" ? disks : []);
    expect(await images(own.pool)).toEqual(what === "confirm" ? [] : disks);
    for (const name of disks) {
      expect(await snapshots(`${what === "confirm" ? target : own.pool}/${name}`)).toEqual([]);
    }
    return;
  }
  expect(mirrors).toMatchObject([{ state: what === "pivot" ? "pivoted" : "mirroring", next: null }]);
  await expectWholeSet();
  const snapshot = mirrors[0]?.complete?.snapshot;
  for (const name of disks) {
    expect(await snapshots(`${target}/${name}`), name).toEqual([snapshot]);
    expect(await snapshots(`${own.pool}/${name}`), name).toEqual([snapshot]);
    // Nothing was written since.
    expect(await own.witness.md5(`${target}/${name}`)).toBe(await own.witness.md5(`${own.pool}/${name}`));
  }
}

async function removeAll(): Promise<void> {
  const [mirror] = (await listMirrors(own.cluster, mine)).mirrors;
  if (mirror?.state === "mirroring") await abortMirror(own.cluster, { mirror: mirror.mirror });
  if (mirror?.state === "pivoted") await driveMirror(own.cluster, drive("confirm"));
  for (const pool of [own.pool, target]) {
    for (const name of disks) {
      await removeImage(own.cluster, `${pool}/${name}`).catch((error: unknown) => {
        if (!hasCode(error, "NOT_FOUND")) throw error;
      });
    }
  }
  await purgeTrash(own.cluster, mine);
}

/** At which changes a usual run kills; a soak run kills before and after each. */
const usual: Record<DriveMirror["do"], readonly number[]> = {
  start: [3, 20],
  sync: [8, 19],
  pivot: [24, 49],
  confirm: [6],
  abort: [5],
};

describe.each(Object.keys(before) as DriveMirror["do"][])("a mirror whose %s is killed", (what) => {
  it("keeps its complete set, and is finished by the same call", {
    timeout: isSoak ? 3_600_000 : 120_000,
  }, async () => {
    for (let i = 0; ; i++) {
      const nth = isSoak ? 1 + Math.floor(i / 2) : usual[what][i];
      if (nth === undefined) break;
      const [late, isReconciled] = isSoak
        ? [i % 2 === 1, i % 4 > 1 !== (i % 2 === 1)]
        : [i % 2 === 1, nth % 2 === 0];
      await prepare(what);
      const kill = { nth, late };
      const { killed, at } = await runAndKill({
        conf: own.conf,
        kill,
        flow: { call: "mirror", options: drive(what) },
      });
      if (process.env.COPPICE_SAY !== undefined) console.log(what, nth, late, isReconciled, killed, at);
      if (!isReconciled) await expectWholeSet();
      else {
        for (const { operation, outcome, error } of await reconcile(own.cluster, mine)) {
          expect(error, `${what} ${nth}: ${operation.kind}`).toBeNull();
          // One image of a set takes the others along.
          expect(["finished", "undone", "left", "skipped"]).toContain(outcome);
        }
        await expectWholeSet();
      }
      if (killed) await again(what, isReconciled);
      await expectDone(what);
      await removeAll();
      if (!killed) {
        expect(isSoak, `${what} has no change ${nth}`).toBe(true);
        break;
      }
    }
  });
});
