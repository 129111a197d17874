import { openImage } from "rbd-core";
import type { BenchCase, BenchContext } from "../harness/bench-case.ts";
import { timed } from "../harness/shell.ts";
import { plantForest, pool1k } from "./inventory.ts";

const images = 1000;
const atATime = 32;

const python = `
import os, rados, rbd, sys, time
with rados.Rados(conffile=os.environ["CEPH_CONF"]) as cluster:
  with cluster.open_ioctx("${pool1k}") as io:
    names = sorted(rbd.RBD().list(io))[:${images}]
    start, total = time.monotonic(), 0
    for name in names:
      with rbd.Image(io, name) as image:
        total += image.stat()["size"]
    print((time.monotonic() - start) * 1000, len(names), total)
`;

/** Opens, asks and closes 1,000 images. */
export const open1k: BenchCase = {
  name: "open-1k",
  work: "open, stat, close 1,000 images, 32 at a time",
  against: "python-rbd, one after the other",
  unit: "ms",
  atLeast: 2,
  plant: (context) => plantForest(context, pool1k, images),
  async prepare({ cluster, shell }: BenchContext) {
    const found = { ours: "", peer: "" };
    return {
      async ours() {
        const io = await cluster.pool(pool1k);
        const names = (await io.listImages())
          .map(({ name }) => name)
          .toSorted()
          .slice(0, images);
        let [next, total] = [0, 0];
        const worker = async () => {
          for (let i = next++; i < names.length; i = next++) {
            await using image = await openImage(cluster, `${pool1k}/${names[i]}`);
            const { size } = await image.stat();
            total += size;
          }
        };
        const took = await timed(() => Promise.all(Array.from({ length: atATime }, worker)));
        found.ours = `${names.length} images, ${total} bytes`;
        return took;
      },
      async peer() {
        const printed = await shell.bash(`/usr/bin/python3 - <<'END'\n${python}\nEND`);
        const [took, count, total] = printed.trim().split(" ");
        found.peer = `${count} images, ${total} bytes`;
        return Number(took);
      },
      async verify() {
        if (found.ours !== found.peer) throw new Error(`ours opened ${found.ours}, the peer ${found.peer}`);
      },
      async [Symbol.asyncDispose]() {},
    };
  },
};
