import { Image, type WriteStep } from "rbd-native";
import { connect } from "../../src/cluster/connect.ts";
import { type CopyDiffOptions, copyDiff } from "../../src/transfer/copy-diff.ts";
import { type CopyImageOptions, copyImage } from "../../src/transfer/copy-image.ts";
import { TransferLimits } from "../../src/transfer/transfer-limits.ts";

type Call = Extract<keyof Image, string>;
type ChangeMethod = "metadata_set" | "metadata_remove" | "snapshot_rename";

/** When a process ends itself, as the kernel would end it: nothing of it runs any more. */
export type Death =
  /** Before a call of that name on any image, or right after it took effect; the first call without `nth`. */
  | { readonly call: Call; readonly nth?: number; readonly late?: boolean }
  /** The same of a change to a header past librbd that has a step of that method of the class `rbd`. */
  | { readonly change: ChangeMethod; readonly nth?: number; readonly late?: boolean }
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

interface Moment {
  readonly nth?: number;
  readonly late?: boolean;
}

function dieAt(
  prototype: object,
  name: string,
  { nth = 1, late = false }: Moment,
  counts: (args: readonly unknown[]) => boolean = () => true,
): void {
  const original: unknown = Reflect.get(prototype, name);
  if (typeof original !== "function") throw new Error(`${name} is no call`);
  let calls = 0;
  const replacement = async function (this: unknown, ...args: unknown[]): Promise<unknown> {
    const isLast = counts(args) && ++calls === nth;
    if (isLast && !late) die();
    const result: unknown = await Reflect.apply(original, this, args);
    return isLast ? die() : result;
  };
  Reflect.set(prototype, name, replacement);
}

/** Whether the arguments of a compound write have a step of that method of the class `rbd`. */
function changes(method: ChangeMethod): (args: readonly unknown[]) => boolean {
  return ([, steps]) =>
    (steps as WriteStep[]).some(({ native: [kind, ...exec] }) => kind === "exec" && exec[1] === method);
}

const { conf, targetConf, diff, image, death } = JSON.parse(process.argv[2] ?? "") as DyingCopy;
if ("call" in death) dieAt(Image.prototype, death.call, death);
const onProgress = ({ bytesWritten }: { bytesWritten: number }) => {
  if ("written" in death && bytesWritten >= death.written) die();
};
const limits = new TransferLimits("written" in death ? { operationsPerSecond: 100 } : {});
const cluster = await connect({ conf });
if ("change" in death) {
  const { objects } = await cluster.pool("rbd");
  dieAt(Object.getPrototypeOf(objects), "write", death, changes(death.change));
}
const other = targetConf === undefined ? undefined : await connect({ conf: targetConf });
if (diff !== undefined) {
  await copyDiff(cluster, { ...diff, target: { ...diff.target, cluster: other }, limits, onProgress });
}
if (image !== undefined) {
  await copyImage(cluster, { ...image, target: { ...image.target, cluster: other }, limits, onProgress });
}
await other?.close();
await cluster.close();
