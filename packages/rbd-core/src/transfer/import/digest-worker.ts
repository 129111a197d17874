import { createHash } from "node:crypto";
import { parentPort, workerData } from "node:worker_threads";

/** The orders that the thread is given, one after the other. It answers each when it no longer needs the memory. */
export type DigestOrder =
  | { memory: SharedArrayBuffer; length: number }
  /** That many zero bytes, which are nowhere in memory. */
  | { zeros: number }
  /** The end of the stream. The answer is the digest, in hex. */
  | "digest";

const hash = createHash(workerData as string);
const zeros = Buffer.alloc(1 << 16);

parentPort?.on("message", (order: DigestOrder) => {
  let answer: string | null = null;
  if (order === "digest") answer = hash.digest("hex");
  else if ("memory" in order) hash.update(Buffer.from(order.memory, 0, order.length));
  else {
    for (let left = order.zeros; left > 0; left -= zeros.length) hash.update(zeros.subarray(0, left));
  }
  parentPort?.postMessage(answer);
});
