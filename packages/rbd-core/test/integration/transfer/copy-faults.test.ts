import { describe, expect, it } from "vitest";
import { connect } from "../../../src/cluster/connect.ts";
import { featureBits } from "../../../src/image/features.ts";
import { createImage, openImage } from "../../../src/image/image.ts";
import { copyDiff } from "../../../src/transfer/copy/copy-diff.ts";
import { exportDiff } from "../../../src/transfer/export/export-diff.ts";
import { TransferLimits } from "../../../src/transfer/transfer-options.ts";
import { useOwnCluster } from "../formats/use-plain-rbd.ts";
import { checkObjectMaps, snapshotNames } from "./image-facts.ts";
import { smallPool } from "./small-pool.ts";
import { makeDenseSource } from "./sources.ts";

const MiB = 2 ** 20;
// With a manager, because without one nothing tells the monitors how full a pool is.
const { ceph, plain, cluster } = await useOwnCluster("faults", { osdSizeGiB: 4 });

const makeSource = (name: string) =>
  makeDenseSource(cluster, plain.image(name), async (image) => {
    for (let at = 0; at < 64; at += 3) await image.write(at * MiB + 100, Buffer.alloc(9000, at + 2));
  });

/** Runs `meddle` once a slow copy has written something; the copy goes on at full speed after it. */
function inTheMiddle(meddle: () => Promise<unknown>) {
  const limits = new TransferLimits({ operationsPerSecond: 4 });
  let meddled: Promise<unknown> | undefined;
  const onProgress = ({ bytesWritten }: { bytesWritten: number }) => {
    if (bytesWritten > 0) meddled ??= meddle().finally(() => limits.set({}));
  };
  const ended = async () => {
    if (meddled === undefined) throw new Error("nobody meddled");
    await meddled;
  };
  return { options: { limits, onProgress }, ended };
}

async function expectCopied(source: string, target: string, points: readonly string[]): Promise<void> {
  for (const to of points) {
    expect(await plain.contents(`${target}@${to}`), to).toBe(await plain.contents(`${source}@${to}`));
    await checkObjectMaps(plain, [target, `${target}@${to}`], to);
  }
  expect(await snapshotNames(cluster, target)).toEqual(points);
}

describe("copyDiff", () => {
  it("outlives an OSD that is killed and started again in the middle of it", async () => {
    const [image, target] = [await makeSource("osd"), plain.image("osd-copy")];
    await createImage(cluster, target, { size: 0, objectSize: MiB });
    for (const [from, to] of [
      [undefined, "one"],
      ["one", "two"],
    ] as const) {
      const { options, ended } = inTheMiddle(async () => {
        await ceph.daemon("osd.0").kill();
        await ceph.daemon("osd.0").start();
      });
      await copyDiff(cluster, { image, from, to, target: { image: target }, ...options });
      await ended();
    }
    await expectCopied(image, target, ["one", "two"]);
  }, 120_000);

  it("says that the target's pool is full without waiting for room, and works when it is not any more", async () => {
    const image = await makeSource("quota");
    const { pool, setQuota } = await smallPool(cluster, plain, "small");
    const target = `${pool}/copy`;
    await createImage(cluster, target, { size: 0, objectSize: MiB });
    await copyDiff(cluster, { image, to: "one", target: { image: target } });
    await setQuota(MiB);
    const increment = { image, from: "one", to: "two", target: { image: target } };
    await expect(copyDiff(cluster, increment)).rejects.toMatchObject({
      name: "CoppiceError",
      code: "QUOTA_EXCEEDED",
    });
    await setQuota(0);
    await expectCopied(image, target, ["one"]);
    const { options, ended } = inTheMiddle(() => setQuota(MiB));
    await expect(copyDiff(cluster, { ...increment, ...options })).rejects.toMatchObject({
      name: "CoppiceError",
      code: "QUOTA_EXCEEDED",
    });
    await ended();
    await setQuota(0);
    await copyDiff(cluster, increment);
    await expectCopied(image, target, ["one", "two"]);
  }, 300_000);

  it.each([
    ["with an exclusive lock that another client keeps", featureBits(["layering", "exclusive-lock"])],
    ["without an exclusive lock, that another client has open", featureBits(["layering"])],
  ])("refuses a target %s, and leaves it alone", async (what, features) => {
    const number = what.startsWith("without") ? 0 : 1;
    const [image, target] = [await makeSource(`held-${number}`), plain.image(`held-copy-${number}`)];
    await createImage(cluster, target, { size: 8 * MiB, features });
    await using other = await connect({ conf: ceph.conf });
    const before = await plain.contents(target);
    {
      await using holder = await openImage(other, target);
      if (number === 1) await holder.acquireExclusiveLock();
      const copy = copyDiff(cluster, { image, to: "one", target: { image: target } });
      await expect(copy).rejects.toMatchObject({ code: "BUSY" });
      expect(await plain.contents(target)).toBe(before);
      expect([...(await holder.listMetadata()).keys()]).toEqual([]);
    }
    await copyDiff(cluster, { image, to: "one", target: { image: target } });
    await expectCopied(image, target, ["one"]);
  });

  it.each(["one", "two"])("does not take a snapshot's removal (%s) for zeroes", async (removed) => {
    const [image, target] = [await makeSource(`removed-${removed}`), plain.image(`removed-${removed}-copy`)];
    await createImage(cluster, target, { size: 0, objectSize: MiB });
    await copyDiff(cluster, { image, to: "one", target: { image: target } });
    const { options, ended } = inTheMiddle(() =>
      plain.rbd(["snap", "rm", "--no-progress", `${image}@${removed}`]),
    );
    const copy = copyDiff(cluster, { image, from: "one", to: "two", target: { image: target }, ...options });
    await expect(copy).rejects.toMatchObject({ name: "CoppiceError", code: "SOURCE_CHANGED" });
    await ended();
    expect(await snapshotNames(cluster, target)).toEqual(["one"]);
  });
});

describe("exportDiff", () => {
  it("does not take a snapshot's removal for zeroes", async () => {
    const image = await makeSource("exported");
    const reading = (async () => {
      let isFirst = true;
      for await (const _ of exportDiff(cluster, { image, to: "one" })) {
        if (isFirst) await plain.rbd(["snap", "rm", "--no-progress", `${image}@one`]);
        isFirst = false;
      }
    })();
    await expect(reading).rejects.toMatchObject({ name: "CoppiceError", code: "SOURCE_CHANGED" });
  });
});
