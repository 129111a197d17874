import { beforeAll, describe, expect, it } from "vitest";
import { createImage, openImage, removeImage } from "../../../src/image/image.ts";
import { createSnapshot } from "../../../src/image/snapshots.ts";
import { type CopyDiffOptions, copyDiff } from "../../../src/transfer/copy/copy-diff.ts";
import { usePlainRbd } from "../formats/use-plain-rbd.ts";
import { contentsOf, snapshotNames } from "./image-facts.ts";
import { makeThinSource } from "./sources.ts";

const MiB = 2 ** 20;
const { plain, cluster } = await usePlainRbd("strange");
let source: string;
let contents: { one: string; two: string };

beforeAll(async () => {
  source = await makeThinSource(cluster, plain.image("source"));
  const contentsAt = (point: string) => contentsOf(cluster, `${source}@${point}`);
  contents = { one: await contentsAt("one"), two: await contentsAt("two") };
}, 120_000);

/** Aborts a copy once it has noted that it is beyond its first part, which ends at 256 MiB or later. */
async function interrupt(copy: CopyDiffOptions): Promise<void> {
  const abort = new AbortController();
  const onProgress = ({ phase }: { phase: string }) => {
    if (phase === "finishing") abort.abort(new Error("stopped"));
  };
  const aborted = copyDiff(cluster, { ...copy, signal: abort.signal, onProgress, checkpointBytes: 1 });
  await expect(aborted).rejects.toThrow("stopped");
}

async function checkpointOf(target: string): Promise<{ done: number; snapshot: string }> {
  await using image = await openImage(cluster, target, { readOnly: true });
  return JSON.parse(await image.getMetadata("coppice.copy-checkpoint"));
}

/** What another client does to the target of an interrupted copy. */
type Meddle = (image: Awaited<ReturnType<typeof openImage>>) => Promise<void>;

interface Strange {
  readonly what: string;
  readonly meddle: Meddle;
  /** Whether it is data of its own, which a copy from nothing must not remove. */
  readonly isData?: boolean;
}

const strange: readonly Strange[] = [
  {
    what: "a byte of what was copied",
    meddle: (image) => image.write(4 * MiB - 1, Buffer.of(7)),
    isData: true,
  },
  { what: "a hole of what was copied", meddle: (image) => image.write(MiB, Buffer.of(7)), isData: true },
  {
    what: "what the copy does not change",
    meddle: (image) => image.write(90 * MiB, Buffer.of(7)),
    isData: true,
  },
  { what: "zeroes over what was copied", meddle: (image) => image.writeZeroes(0, 8 * MiB) },
  { what: "another size", meddle: (image) => image.resize(2000 * MiB) },
];

describe("copyDiff, onto a target that an interrupted copy left and somebody wrote to", () => {
  it.each(strange)(
    "$what: is rolled back, said, and copied anew; data is refused from nothing",
    async ({ what, meddle, isData = false }) => {
      const target = plain.image(`target-${strange.findIndex((one) => one.what === what)}`);
      await createImage(cluster, target, { size: MiB });
      for (const [from, to] of [
        [undefined, "one"],
        ["one", "two"],
      ] as const) {
        const copy = { image: source, from, to, target: { image: target } };
        await interrupt(copy);
        {
          await using image = await openImage(cluster, target);
          await meddle(image);
        }
        if (isData && from === undefined) {
          const before = await contentsOf(cluster, target);
          await expect(copyDiff(cluster, copy)).rejects.toMatchObject({ code: "NOT_EMPTY" });
          expect(await contentsOf(cluster, target)).toBe(before);
          await removeImage(cluster, target);
          await createImage(cluster, target, { size: MiB });
          await copyDiff(cluster, copy);
          continue;
        }
        expect(await copyDiff(cluster, copy)).toMatchObject({ rolledBack: true, resumedAt: 0 });
        expect(await contentsOf(cluster, `${target}@${to}`)).toBe(contents[to]);
      }
    },
  );

  it("goes on where nobody wrote to it, or only where the copy still writes", async () => {
    const target = plain.image("target");
    await createImage(cluster, target, { size: MiB });
    await copyDiff(cluster, { image: source, to: "one", target: { image: target } });
    const copy = { image: source, from: "one", to: "two", target: { image: target } };
    await interrupt(copy);
    const { done } = await checkpointOf(target);
    {
      await using image = await openImage(cluster, target);
      // Two parts run at a time, so the last checkpoint may say that everything is copied: then no place is left.
      const place = Math.ceil((done + 1) / (4 * MiB)) * 4 * MiB - 10;
      if (place < (await image.size())) await image.write(place, Buffer.of(7));
    }
    const result = await copyDiff(cluster, copy);
    expect(result).toMatchObject({ rolledBack: false, resumedAt: done });
    expect(await contentsOf(cluster, `${target}@two`)).toBe(contents.two);
  });

  it("takes the snapshot away that another copy made last and did not name", async () => {
    const target = plain.image("unnamed");
    await createImage(cluster, target, { size: MiB });
    await interrupt({ image: source, to: "one", target: { image: target } });
    const { snapshot } = await checkpointOf(target);
    await createSnapshot(cluster, `${target}@${snapshot}`);
    await copyDiff(cluster, { image: source, to: "two", target: { image: target } });
    expect(await snapshotNames(cluster, target)).toEqual(["two"]);
    expect(await contentsOf(cluster, `${target}@two`)).toBe(contents.two);
  });
});
