import { afterAll, describe, expect, it } from "vitest";
import { featureBits } from "../../../src/image/features.ts";
import { createImage, openImage } from "../../../src/image/image.ts";
import { copyDiff } from "../../../src/transfer/copy/copy-diff.ts";
import { dieInTransfer } from "../../support/die-in-transfer.ts";
import { PythonRbd } from "../../support/python-rbd.ts";
import { isSoak } from "../../support/soak.ts";
import type { Death } from "../../support/transfer-and-die.ts";
import { usePlainRbd } from "../formats/use-plain-rbd.ts";
import { problemsOf } from "./histories/check-point.ts";
import { checkObjectMaps } from "./image-facts.ts";

const KiB = 1024;
const objectSize = 64 * KiB;
const size = 32 * objectSize;
const { plain, cluster } = await usePlainRbd("rollbacks");
const python = new PythonRbd(plain.conf);
afterAll(() => python[Symbol.asyncDispose]());

/** Snapshot `two` has objects that `one` lacks, and that are discarded again in `three`. */
async function makeSource(name: string): Promise<Map<string, Buffer>> {
  const [bytes, points] = [Buffer.alloc(size), new Map<string, Buffer>()];
  await createImage(cluster, plain.image(name), { size, objectSize });
  await using image = await openImage(cluster, plain.image(name));
  const write = async (first: number, end: number, step: number, value: number) => {
    for (let object = first; object < end; object += step) {
      const data = Buffer.alloc(8 * KiB, value + object);
      await image.write(object * objectSize + 4096, data);
      data.copy(bytes, object * objectSize + 4096);
    }
  };
  const point = async (snapshot: string) => {
    await image.createSnapshot(snapshot);
    points.set(snapshot, Buffer.from(bytes));
  };
  await write(0, 32, 2, 1);
  await point("one");
  await write(0, 30, 1, 60);
  await point("two");
  for (let object = 1; object < 32; object += 2) {
    await image.discard(object * objectSize, objectSize);
    bytes.fill(0, object * objectSize, (object + 1) * objectSize);
  }
  await write(10, 20, 4, 100);
  await point("three");
  return points;
}

const sets = {
  "layering alone": featureBits(["layering"]),
  "object maps": featureBits(["layering", "exclusive-lock", "object-map", "fast-diff"]),
};
const moments: readonly Death[] = [
  { rollbackStep: 3 },
  ...(isSoak ? [{ rollbackStep: 20 }, { call: "rollback" } as const] : []),
  { call: "rollback", late: true },
];

describe("a copy that is killed while it rolls the target back", () => {
  it.each(
    Object.entries(sets).flatMap(([what, features]) =>
      (["a stray write", "another copy that was interrupted"] as const).map((dirt) => ({
        what,
        features,
        dirt,
      })),
    ),
  )(
    "after $dirt, with $what: the same call makes it whole, whenever it was killed",
    async ({ features, dirt }) => {
      const name = `source-${crypto.randomUUID()}`;
      const points = await makeSource(name);
      const image = plain.image(name);
      for (const [i, death] of moments.entries()) {
        const target = plain.image(`${name}-${i}`);
        await createImage(cluster, target, { size: 0, objectSize, features });
        await copyDiff(cluster, { image, to: "one", target: { image: target } });
        if (dirt === "a stray write") {
          await using opened = await openImage(cluster, target);
          for (let object = 0; object < 32; object += 3)
            await opened.write(object * objectSize, Buffer.alloc(16 * KiB, "stray"));
        } else {
          const abort = new AbortController();
          const onProgress = ({ phase }: { phase: string }) => {
            if (phase === "finishing") abort.abort(new Error("stopped"));
          };
          const other = { image, from: "one", to: "two", target: { image: target } };
          const stopped = copyDiff(cluster, {
            ...other,
            signal: abort.signal,
            onProgress,
            checkpointBytes: 1,
          });
          await expect(stopped).rejects.toThrow("stopped");
        }
        const copy = { image, from: "one", to: "three", target: { image: target } };
        // Killed in the middle, it is killed twice: the second rollback finds what the first one left.
        const most = "rollbackStep" in death ? 2 : 1;
        for (let times = 0; times < most; times++) {
          await dieInTransfer(
            cluster,
            { conf: plain.conf, copyDiff: copy, death },
            { mayOutlive: times > 0 },
          );
        }
        await using opened = await openImage(cluster, target, { readOnly: true });
        const isThere = await opened.snapshotExists("three");
        if (!isThere) await copyDiff(cluster, copy);
        const since = { snapshot: "one", bytes: points.get("one") ?? Buffer.alloc(0) };
        const bytes = points.get("three") ?? Buffer.alloc(0);
        const at = { pool: plain.pool, image: `${name}-${i}` };
        expect(await problemsOf(python, { ...at, snapshot: "one", bytes: since.bytes })).toEqual([]);
        expect(await problemsOf(python, { ...at, snapshot: "three", bytes, since })).toEqual([]);
        expect(await problemsOf(python, { ...at, bytes, since })).toEqual([]);
        await checkObjectMaps(plain, [target, `${target}@one`, `${target}@three`], dirt);
      }
    },
    180_000,
  );
});
