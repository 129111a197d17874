import { expect, it } from "vitest";
import { createImage } from "../../../src/image/image.ts";
import { digestDiff } from "../../../src/transfer/digests/digest-diff.ts";
import { copyDiff, verifyDigests } from "../../../src/transfer/index.ts";
import { imageWithHistory, mib, write } from "../../support/fill.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";

const pools = useOwnPool("digest-diff");

it("returns the digests that a copy would return, from nothing and from a snapshot", async () => {
  const { cluster, pool } = pools;
  const [source, target] = [`${pool}/source`, `${pool}/target`];
  await imageWithHistory(cluster, source, ["a", "b", "c="]);
  await createImage(cluster, target, { size: 16 * mib });
  for (const range of [{ to: "a" }, { from: "a", to: "b" }, { from: "b", to: "c" }]) {
    const { manifest } = await copyDiff(cluster, { image: source, ...range, target: { image: target } });
    const progress: number[] = [];
    const onProgress = ({ done }: { done: number }) => progress.push(done);
    expect(await digestDiff(cluster, { image: source, ...range, onProgress })).toEqual(manifest);
    expect(progress.at(-1)).toBe(16 * mib);
  }
});

it("tells one changed byte", async () => {
  const { cluster, pool, rbd } = pools;
  const image = `${pool}/changed`;
  await imageWithHistory(cluster, image, ["a"]);
  const manifest = await digestDiff(cluster, { image, to: "a" });
  await rbd("snap", "rollback", "--no-progress", `${image}@a`);
  await write(cluster, image, mib - 1, 1, 9);
  await rbd("snap", "create", "--no-progress", `${image}@b`);
  const { wrong } = await verifyDigests(cluster, { image, snapshot: "b", manifest });
  expect(wrong.map(({ block }) => block)).toEqual([0]);
});
