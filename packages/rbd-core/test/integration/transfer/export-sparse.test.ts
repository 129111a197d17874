import { expect, it } from "vitest";
import { createImage, openImage } from "../../../src/image/image.ts";
import { exportDiff } from "../../../src/transfer/export/export-diff.ts";
import { useOwnCluster } from "../formats/use-plain-rbd.ts";

const MiB = 2 ** 20;
// A cluster that nobody else reads from: its OSD counts what it sends.
const { plain, cluster } = await useOwnCluster("sparse", { mgr: false, osdSizeGiB: 4 });

async function bytesSent(): Promise<number> {
  return JSON.parse(String(await plain.run("ceph", ["tell", "osd.0", "perf", "dump"]))).osd.op_r_out_bytes;
}

it("exportDiff does not have the holes within objects sent over", async () => {
  const image = plain.image("thin");
  await createImage(cluster, image, { size: 200 * MiB });
  {
    await using opened = await openImage(cluster, image);
    for (let at = 4; at <= 200; at += 4) await opened.write(at * MiB - 4096, Buffer.alloc(4096, at));
    await opened.createSnapshot("s");
  }
  const before = await bytesSent();
  const parts: Buffer[] = [];
  let read = 0;
  const onProgress = ({ bytesRead }: { bytesRead: number }) => {
    read = bytesRead;
  };
  for await (const part of exportDiff(cluster, { image, to: "s", onProgress })) parts.push(part as Buffer);
  expect((await bytesSent()) - before).toBeLessThan(MiB);
  expect(read).toBe(50 * 4096);
  const copy = plain.image("copy");
  await plain.rbd(["create", "--size", "1M", copy]);
  await plain.rbd(["import-diff", "--no-progress", "-", copy], Buffer.concat(parts));
  expect(await plain.contents(`${copy}@s`)).toBe(await plain.contents(`${image}@s`));
});
