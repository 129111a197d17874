import { openImage } from "rbd-core";
import type { BenchCase, BenchContext } from "../harness/bench-case.ts";
import { startPython } from "../harness/python.ts";
import { timed } from "../harness/shell.ts";
import { plantForest, pool1k } from "./inventory.ts";

const images = 1000;
const atATime = 32;

const python = `
def open_all(pool, count, threads):
  with cluster.open_ioctx(pool) as io:
    names = sorted(rbd.RBD().list(io))[:count]
    def size_of(name):
      with rbd.Image(io, name) as image:
        return image.stat()["size"]
    with ThreadPoolExecutor(threads) as pool:
      return f"{len(names)} images, {sum(pool.map(size_of, names))} bytes"
`;

/** Opens, asks and closes 1,000 images. */
export const open1k: BenchCase = {
  name: "open-1k",
  work: "open, stat, close 1,000 images, 32 at a time",
  against: "python3-rbd, one after the other",
  warm: { against: `python3-rbd, ${atATime} threads`, atLeast: 1, aim: 1.5 },
  unit: "ms",
  atLeast: 2,
  plant: (context) => plantForest(context, pool1k, images),
  async prepare({ cluster, conf }: BenchContext) {
    const found = { ours: "", peer: "", warm: "" };
    const peers = startPython(conf, python);
    const open = async (threads: number, as: "peer" | "warm") => {
      const { took, result } = await peers.call("open_all", pool1k, images, threads);
      found[as] = String(result);
      return took;
    };
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
      peer: () => open(1, "peer"),
      warmPeer: () => open(atATime, "warm"),
      async verify() {
        if (found.ours !== found.peer || found.ours !== found.warm)
          throw new Error(`ours opened ${found.ours}, the peers ${found.peer} and ${found.warm}`);
      },
      [Symbol.asyncDispose]: () => peers[Symbol.asyncDispose](),
    };
  },
};
