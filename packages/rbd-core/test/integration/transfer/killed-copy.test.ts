import { beforeAll, describe, expect, it } from "vitest";
import { featureBits } from "../../../src/image/features.ts";
import { createImage, openImage } from "../../../src/image/image.ts";
import { copyDiff } from "../../../src/transfer/copy/copy-diff.ts";
import { verifyDigests } from "../../../src/transfer/digests/verify-digests.ts";
import { dieInTransfer } from "../../support/die-in-transfer.ts";
import { isSoak } from "../../support/soak.ts";
import type { Death } from "../../support/transfer-and-die.ts";
import { usePlainRbd } from "../formats/use-plain-rbd.ts";
import { checkObjectMaps, contentsOf, snapshotsAndNotes } from "./image-facts.ts";
import { makeThinSource } from "./sources.ts";

const MiB = 2 ** 20;
const { plain, cluster } = await usePlainRbd("killed");

const journaled = featureBits([
  "layering",
  "exclusive-lock",
  "object-map",
  "fast-diff",
  "deep-flatten",
  "journaling",
]);

interface Moment {
  readonly when: string;
  readonly death: Death;
  /** Whether the next run goes on where this one ended. */
  readonly goesOn: boolean;
  /** Of the target: librbd then changes its header, one thing after the other. */
  readonly hasJournal?: boolean;
}

const moments: readonly Moment[] = [
  { when: "before it notes which copy it is", death: { change: "metadata_set" }, goesOn: false },
  { when: "before the first byte", death: { change: "metadata_set", late: true }, goesOn: false },
  { when: "while the first part is written", death: { written: 64 * 1024 }, goesOn: false },
  { when: "before it notes how far it is", death: { change: "metadata_set", nth: 2 }, goesOn: false },
  {
    when: "after it noted how far it is",
    death: { change: "metadata_set", nth: 2, late: true },
    goesOn: true,
  },
  { when: "after the data, before the snapshot", death: { call: "createSnapshot" }, goesOn: true },
  {
    when: "after the snapshot, before its record",
    death: { call: "createSnapshot", late: true },
    goesOn: true,
  },
  { when: "before it is recorded and named", death: { change: "snapshot_rename" }, goesOn: true },
  {
    when: "with a journal: after the record, before the name",
    death: { call: "renameSnapshot" },
    goesOn: true,
    hasJournal: true,
  },
  {
    when: "with a journal: after the name, before the note is taken away",
    death: { call: "removeMetadata" },
    goesOn: true,
    hasJournal: true,
  },
];

describe("copyDiff, whose process was killed", () => {
  let source: string;
  let contents: { one: string; two: string };
  beforeAll(async () => {
    source = await makeThinSource(cluster, plain.image("source"));
    const contentsAt = (point: string) => contentsOf(cluster, `${source}@${point}`);
    contents = { one: await contentsAt("one"), two: await contentsAt("two") };
  }, 120_000);

  it.each(moments)(
    "$when: a full copy or an increment is made whole by the same call",
    async ({ when, death, goesOn, hasJournal = false }) => {
      const index = moments.findIndex((moment) => moment.when === when);
      const target = plain.image(`copy-${index}`);
      await createImage(cluster, target, { size: MiB, ...(hasJournal ? { features: journaled } : {}) });
      for (const [from, to] of [
        [undefined, "one"],
        ["one", "two"],
      ] as const) {
        const copy = { image: source, from, to, target: { image: target }, checkpointBytes: 1 };
        // A usual run kills the two in turn, a soak run both.
        const isKilled = isSoak || (index % 2 === 0) === (from === undefined);
        if (isKilled) await dieInTransfer(cluster, { conf: plain.conf, copyDiff: copy, death });
        const result = await copyDiff(cluster, copy);
        if (goesOn && isKilled) expect(result.resumedAt).toBeGreaterThanOrEqual(256 * MiB);
        else expect(result.resumedAt).toBe(0);
        expect(await contentsOf(cluster, `${target}@${to}`)).toBe(contents[to]);
        expect(String(await plain.rbd(["diff", "--from-snap", to, target]))).toBe("");
        await checkObjectMaps(plain, [target, `${target}@${to}`], to);
        expect(await snapshotsAndNotes(cluster, target)).toEqual({
          snapshots: from === undefined ? ["one"] : ["one", "two"],
          notes: [],
        });
        const { manifest } = result;
        const { wrong } = await verifyDigests(cluster, { image: target, snapshot: to, manifest });
        expect(wrong).toEqual([]);
        expect(manifest.blocks.length).toBeGreaterThan(70);
      }
    },
    180_000,
  );

  it("makes the snapshot again that librbd had not finished when the process was killed", async () => {
    const target = plain.image("copy-partly-snapped");
    await createImage(cluster, target, { size: MiB });
    const copy = { image: source, to: "one", target: { image: target }, checkpointBytes: 1 };
    const death = { call: "createSnapshot", late: true } as const;
    await dieInTransfer(cluster, { conf: plain.conf, copyDiff: copy, death });
    const [unnamed, id] = await (async () => {
      await using image = await openImage(cluster, target, { readOnly: true });
      return [(await image.listSnapshots())[0], image.id];
    })();
    const map = `rbd_object_map.${id}.${unnamed?.id.toString(16).padStart(16, "0")}`;
    await plain.run("rados", ["-p", plain.pool, "rm", map]);
    await copyDiff(cluster, copy);
    expect(await contentsOf(cluster, `${target}@one`)).toBe(contents.one);
    await copyDiff(cluster, { ...copy, from: "one", to: "two" });
    expect(await contentsOf(cluster, `${target}@two`)).toBe(contents.two);
    await checkObjectMaps(plain, [target, `${target}@one`, `${target}@two`], "two");
    expect((await snapshotsAndNotes(cluster, target)).snapshots).toEqual(["one", "two"]);
  }, 60_000);
});
