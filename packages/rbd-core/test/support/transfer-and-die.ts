import { createReadStream } from "node:fs";
import { flushCompileCache } from "node:module";
import { type SyncImageOptions, syncImage } from "../../src/backup/index.ts";
import { connect } from "../../src/cluster/connect.ts";
import type { Sidecar } from "../../src/formats/sidecar.ts";
import { type CopyDiffOptions, copyDiff } from "../../src/transfer/copy/copy-diff.ts";
import { type CopyImageOptions, copyImage } from "../../src/transfer/copy/copy-image.ts";
import { importDiff } from "../../src/transfer/import/import-diff.ts";
import { importImage } from "../../src/transfer/import/import-image.ts";
import { importRaw } from "../../src/transfer/import/import-raw.ts";
import { TransferLimits } from "../../src/transfer/transfer-options.ts";
import { type DyingCall, type DyingChange, die, dieAt, dieAtChange } from "./die-at.ts";

/** When a process ends itself, as the kernel would end it: none of its code runs any more. */
export type Death =
  | DyingCall
  | DyingChange
  /** As soon as that many bytes are written. The copy is slowed down, so that it is still under way then. */
  | { readonly written: number };

export interface DyingTransfer {
  readonly conf: string;
  /** The target's cluster, when it is another one. */
  readonly targetConf?: string;
  readonly death: Death;
  readonly copyDiff?: Pick<CopyDiffOptions, "image" | "from" | "to" | "checkpointBytes"> & {
    target: { image: string };
  };
  readonly copyImage?: Pick<CopyImageOptions, "image"> & { target: { image: string } };
  readonly syncImage?: Pick<SyncImageOptions, "image"> & { target: { image: string } };
  readonly import?: {
    readonly kind: "diff" | "image" | "raw";
    readonly image: string;
    /** The file that is imported. */
    readonly file: string;
    readonly sidecar?: Sidecar | undefined;
  };
}

// A killed process does not write the compile cache that spares the next one half of its start.
flushCompileCache();
const dying = JSON.parse(process.argv[2] ?? "") as DyingTransfer;
const { conf, targetConf, death } = dying;
if ("call" in death) dieAt(death);
const onProgress = ({ bytesWritten }: { bytesWritten: number }) => {
  if ("written" in death && bytesWritten >= death.written) die();
};
const limits = new TransferLimits("written" in death ? { operationsPerSecond: 100 } : {});
const cluster = await connect({ conf });
if ("change" in death) dieAtChange(death, await cluster.pool("rbd"));
const other = targetConf === undefined ? undefined : await connect({ conf: targetConf });
if (dying.copyDiff !== undefined) {
  const target = { ...dying.copyDiff.target, cluster: other };
  await copyDiff(cluster, { ...dying.copyDiff, target, limits, onProgress });
}
if (dying.copyImage !== undefined) {
  const target = { ...dying.copyImage.target, cluster: other };
  await copyImage(cluster, { ...dying.copyImage, target, limits, onProgress });
}
if (dying.syncImage !== undefined) {
  const target = { ...dying.syncImage.target, cluster: other };
  await syncImage(cluster, { ...dying.syncImage, target, limits, onProgress });
}
if (dying.import !== undefined) {
  const { kind, image, file, sidecar } = dying.import;
  const source = createReadStream(file);
  if (kind === "diff") await importDiff(cluster, { image, source, sidecar });
  if (kind === "image") await importImage(cluster, { image, source });
  if (kind === "raw") await importRaw(cluster, { image, source });
}
await other?.close();
await cluster.close();
