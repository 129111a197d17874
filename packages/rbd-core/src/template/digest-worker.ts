import { createHash } from "node:crypto";
import { parentPort, workerData } from "node:worker_threads";

/** What the thread is told, one after the other; it answers each once it is done with the memory. */
export type DigestOrder =
  | { memory: SharedArrayBuffer; length: number }
  /** So many zeros, which are nowhere. */
  | { zeros: number }
  /** The end: the answer is the digest, in hex. */
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
