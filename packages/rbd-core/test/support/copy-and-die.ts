import { Image } from "rbd-native";
import { connect } from "../../src/cluster/connect.ts";
import { type CopyDiffOptions, copyDiff } from "../../src/transfer/copy-diff.ts";
import { type CopyImageOptions, copyImage } from "../../src/transfer/copy-image.ts";
import { TransferLimits } from "../../src/transfer/transfer-limits.ts";

type Call = Extract<keyof Image, string>;

/** When a process ends itself, as the kernel would end it: nothing of it runs any more. */
export type Death =
  /** Before a call of that name on any image, or right after it took effect; the first call without `nth`. */
  | { readonly call: Call; readonly nth?: number; readonly late?: boolean }
  /** As soon as so many bytes are written; the copy is slowed down, so that this is in the middle of it. */
  | { readonly written: number };

export interface DyingCopy {
  readonly conf: string;
  /** Of the target, where it is another cluster. */
  readonly targetConf?: string;
  readonly diff?: Pick<CopyDiffOptions, "image" | "from" | "to" | "checkpointBytes"> & {
    target: { image: string };
  };
  readonly image?: Pick<CopyImageOptions, "image"> & { target: { image: string } };
  readonly death: Death;
}

function die(): never {
  process.kill(process.pid, "SIGKILL");
  throw new Error("a process outlived SIGKILL");
}

function dieAt(name: Call, nth: number, late: boolean): void {
  const original: unknown = Reflect.get(Image.prototype, name);
  if (typeof original !== "function") throw new Error(`${name} is no call`);
  let calls = 0;
  const replacement = async function (this: Image, ...args: unknown[]): Promise<unknown> {
    const isLast = ++calls === nth;
    if (isLast && !late) die();
    const result: unknown = await Reflect.apply(original, this, args);
    return isLast ? die() : result;
  };
  Reflect.set(Image.prototype, name, replacement);
}

const { conf, targetConf, diff, image, death } = JSON.parse(process.argv[2] ?? "") as DyingCopy;
if ("call" in death) dieAt(death.call, death.nth ?? 1, death.late ?? false);
const onProgress = ({ bytesWritten }: { bytesWritten: number }) => {
  if ("written" in death && bytesWritten >= death.written) die();
};
const limits = new TransferLimits("written" in death ? { operationsPerSecond: 100 } : {});
const cluster = await connect({ conf });
const other = targetConf === undefined ? undefined : await connect({ conf: targetConf });
if (diff !== undefined) {
  await copyDiff(cluster, { ...diff, target: { ...diff.target, cluster: other }, limits, onProgress });
}
if (image !== undefined) {
  await copyImage(cluster, { ...image, target: { ...image.target, cluster: other }, limits, onProgress });
}
await other?.close();
await cluster.close();
