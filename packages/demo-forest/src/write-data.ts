import type { openImage } from "rbd-core";
import type { WriteStep } from "./forest-plan.ts";
import { fillPseudoRandom } from "./pseudo-random.ts";

const mib = 1024 * 1024;
const chunkMib = 2;
const writesAtOnce = 8;

/** Writes a step's data in chunks, every second one behind a hole, as file systems leave them. */
export async function writeData(
  image: Awaited<ReturnType<typeof openImage>>,
  step: WriteStep,
  seed: number,
): Promise<void> {
  const chunks = Array.from({ length: Math.ceil(step.mib / chunkMib) }, (_, index) => index).values();
  const writer = async () => {
    for (const index of chunks) {
      const length = Math.min(chunkMib, step.mib - index * chunkMib) * mib;
      const words = new Uint32Array(length / 4);
      fillPseudoRandom(words, seed * 1000 + index);
      const holes = Math.floor(index / 2) * chunkMib;
      await image.write((step.at + index * chunkMib + holes) * mib, Buffer.from(words.buffer));
    }
  };
  await Promise.all(Array.from({ length: writesAtOnce }, writer));
  await image.flush();
}
