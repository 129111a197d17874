import { connect } from "../../src/cluster/connect.ts";
import { type CopyDiffOptions, copyDiff } from "../../src/transfer/copy/copy-diff.ts";
import { type CopyImageOptions, copyImage } from "../../src/transfer/copy/copy-image.ts";
import { TransferLimits } from "../../src/transfer/transfer-options.ts";
import { type DyingCall, type DyingChange, die, dieAt, dieAtChange } from "./die-at.ts";

/** When a process ends itself, as the kernel would end it: nothing of it runs any more. */
export type Death =
  | DyingCall
  | DyingChange
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

const { conf, targetConf, diff, image, death } = JSON.parse(process.argv[2] ?? "") as DyingCopy;
if ("call" in death) dieAt(death);
const onProgress = ({ bytesWritten }: { bytesWritten: number }) => {
  if ("written" in death && bytesWritten >= death.written) die();
};
const limits = new TransferLimits("written" in death ? { operationsPerSecond: 100 } : {});
const cluster = await connect({ conf });
if ("change" in death) dieAtChange(death, await cluster.pool("rbd"));
const other = targetConf === undefined ? undefined : await connect({ conf: targetConf });
if (diff !== undefined) {
  await copyDiff(cluster, { ...diff, target: { ...diff.target, cluster: other }, limits, onProgress });
}
if (image !== undefined) {
  await copyImage(cluster, { ...image, target: { ...image.target, cluster: other }, limits, onProgress });
}
await other?.close();
await cluster.close();
