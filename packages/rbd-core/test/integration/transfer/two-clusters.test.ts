import { describe, expect, it } from "vitest";
import { type Cluster, createNamespace } from "../../../src/cluster/cluster.ts";
import { createImage, openImage } from "../../../src/image/image.ts";
import { copyDiff } from "../../../src/transfer/copy/copy-diff.ts";
import { copyImage } from "../../../src/transfer/copy/copy-image.ts";
import { verifyDigests } from "../../../src/transfer/digests/verify-digests.ts";
import { exportDiff } from "../../../src/transfer/export/export-diff.ts";
import { importDiff } from "../../../src/transfer/import/import-diff.ts";
import { dieInTransfer } from "../../support/die-in-transfer.ts";
import type { PlainRbd } from "../formats/plain-rbd.ts";
import { useOwnCluster, usePlainRbd } from "../formats/use-plain-rbd.ts";
import { checkObjectMaps } from "./image-facts.ts";
import { Random } from "./random.ts";
import { makeRandomImage } from "./random-image.ts";

const MiB = 2 ** 20;
const { plain: here, cluster: near } = await usePlainRbd("near");
const { plain: there, cluster: far } = await useOwnCluster("far", { mgr: false, osds: 3, osdSizeGiB: 3 });

/** A pool beside a test's own, erasure-coded or replicated, to keep images' data in. */
async function dataPool(plain: PlainRbd, kind: "erasure" | "replicated"): Promise<string> {
  const pool = `${plain.pool}-${kind}`;
  const ceph = (...args: string[]) => plain.run("ceph", args);
  if (kind === "erasure") {
    await ceph(
      "osd",
      "erasure-code-profile",
      "set",
      pool,
      "k=2",
      "m=1",
      "crush-failure-domain=osd",
      "--force",
    );
    await ceph("osd", "pool", "create", pool, "8", "8", "erasure", pool);
    await ceph("osd", "pool", "set", pool, "allow_ec_overwrites", "true");
  } else {
    await ceph("osd", "pool", "create", pool, "8");
  }
  await ceph("osd", "pool", "application", "enable", pool, "rbd");
  return pool;
}

describe("between two clusters", () => {
  it.each([80, 81, 82, 83, 84, 85])(
    "copyDiff gives every point, full and increments (seed %d)",
    async (seed) => {
      const random = new Random(seed);
      const maps = random.pick(["on", "off", "invalid"] as const);
      const { spec, snapshots } = await makeRandomImage(near, here.pool, `image-${seed}`, random, maps, 3);
      const target = there.image(`image-${seed}`);
      await createImage(far, target, { size: 0 });
      for (const [i, to] of snapshots.entries()) {
        const result = await copyDiff(near, {
          image: spec,
          from: snapshots[i - 1],
          to,
          target: { cluster: far, image: target },
        });
        expect(await there.contents(`${target}@${to}`), to).toBe(await here.contents(`${spec}@${to}`));
        await checkObjectMaps(there, [target, `${target}@${to}`], to);
        const { manifest } = result;
        expect((await verifyDigests(far, { image: target, snapshot: to, manifest })).wrong).toEqual([]);
      }
    },
  );

  it("copyDiff tells images by their cluster too", async () => {
    const make = async (cluster: Cluster, spec: string) => {
      await createImage(cluster, spec, { size: 4 * MiB });
      await using image = await openImage(cluster, spec);
      await image.write(0, Buffer.alloc(MiB, 1));
      await image.createSnapshot("one");
      await image.write(0, Buffer.alloc(4096, 2));
      await image.createSnapshot("two");
    };
    const [image, namesake, target] = [here.image("twin"), there.image("twin"), there.image("twin-copy")];
    await make(near, image);
    await make(far, namesake);
    await createImage(far, target, { size: 0 });
    await copyDiff(near, { image, to: "one", target: { cluster: far, image: target } });
    const record = async () => {
      const list = JSON.parse(String(await there.rbd(["image-meta", "ls", "--format", "json", target])));
      return JSON.parse(list[Object.keys(list).find((key) => key.startsWith("coppice.point.")) ?? ""]);
    };
    expect((await record()).source.fsid).toBe(near.fsid);
    const increment = { from: "one", to: "two", target: { cluster: far, image: target } };
    // Forged, so that nothing but the cluster tells the two apart.
    const forged = await record();
    forged.source.fsid = far.fsid;
    const key = `coppice.point.${await snapshotId(far, target, "one")}`;
    await there.rbd(["image-meta", "set", target, key, JSON.stringify(forged)]);
    await expect(copyDiff(near, { image, ...increment })).rejects.toMatchObject({ code: "NOT_A_COPY" });
    forged.source.fsid = near.fsid;
    await there.rbd(["image-meta", "set", target, key, JSON.stringify(forged)]);
    await expect(copyDiff(far, { ...increment, image: namesake })).rejects.toMatchObject({
      code: "NOT_A_COPY",
    });
    await copyDiff(near, { image, ...increment });
    expect(await there.contents(`${target}@two`)).toBe(await here.contents(`${image}@two`));
  });

  it("copyImage brings a clone with its snapshots over, whole", async () => {
    const { spec, snapshots } = await makeRandomImage(near, here.pool, "whole", new Random(90), "on", 3);
    const target = there.image("whole");
    await copyImage(near, { image: spec, target: { cluster: far, image: target } });
    for (const at of ["", ...snapshots.map((name) => `@${name}`)]) {
      expect(await there.contents(`${target}${at}`), at).toBe(await here.contents(`${spec}${at}`));
    }
  });

  it("from a replicated data pool to an erasure-coded one and back, each in a namespace", async () => {
    const [from, to] = [await dataPool(here, "replicated"), await dataPool(there, "erasure")];
    await createNamespace(near, here.pool, "n");
    await createNamespace(far, there.pool, "far");
    const image = `${here.pool}/n/image`;
    const inFar = (name: string) => `${there.pool}/far/${name}`;
    const [target, whole, streamed] = [inFar("image"), inFar("whole"), inFar("streamed")];
    await createImage(near, image, { size: 40 * MiB, dataPool: from });
    {
      await using opened = await openImage(near, image);
      await opened.write(3 * MiB, Buffer.alloc(9 * MiB, 1));
      await opened.createSnapshot("one");
      await opened.write(4 * MiB + 100, Buffer.alloc(5000, 2));
      await opened.writeZeroes(8 * MiB, 4 * MiB);
      await opened.resize(30 * MiB, { allowShrink: true });
      await opened.createSnapshot("two");
    }
    await createImage(far, target, { size: 0, dataPool: to });
    const into = { cluster: far, image: target };
    await copyDiff(near, { image, to: "one", target: into });
    await copyDiff(near, { image, from: "one", to: "two", target: into });
    await copyImage(near, { image, target: { cluster: far, image: whole, dataPool: to } });
    await createImage(far, streamed, { size: 0, dataPool: to });
    await importDiff(far, { image: streamed, source: exportDiff(near, { image, to: "one" }) });
    await importDiff(far, { image: streamed, source: exportDiff(near, { image, from: "one", to: "two" }) });
    for (const copy of [target, whole, streamed]) {
      for (const at of ["@one", "@two"]) {
        expect(await there.contents(`${copy}${at}`), copy + at).toBe(await here.contents(`${image}${at}`));
        await checkObjectMaps(there, [copy, `${copy}@${at.slice(1)}`], copy);
      }
    }
    const info = JSON.parse(String(await there.rbd(["info", "--format", "json", target])));
    expect(info.data_pool).toBe(to);
    const back = `${here.pool}/n/back`;
    await copyImage(far, { image: target, target: { cluster: near, image: back, dataPool: from } });
    for (const at of ["", "@one", "@two"]) {
      expect(await here.contents(back + at), at).toBe(await there.contents(target + at));
    }
  });

  it("copyDiff whose process was killed goes on over there", async () => {
    const [image, target] = [here.image("killed"), there.image("killed")];
    await createImage(near, image, { size: 16 * MiB });
    {
      await using opened = await openImage(near, image);
      await opened.write(MiB, Buffer.alloc(8 * MiB, 1));
      await opened.createSnapshot("one");
    }
    await createImage(far, target, { size: 0 });
    const copy = { image, to: "one", target: { image: target } };
    const death = { call: "createSnapshot", late: true } as const;
    await dieInTransfer(far, { conf: here.conf, targetConf: there.conf, copyDiff: copy, death });
    const result = await copyDiff(near, { ...copy, target: { cluster: far, image: target } });
    expect(result).toMatchObject({ resumedAt: 16 * MiB, bytesWritten: 0 });
    expect(await there.contents(`${target}@one`)).toBe(await here.contents(`${image}@one`));
  });
});

async function snapshotId(cluster: Cluster, spec: string, name: string): Promise<bigint> {
  await using image = await openImage(cluster, spec, { readOnly: true });
  return await image.snapshotId(name);
}
