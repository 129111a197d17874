import { createReadStream } from "node:fs";
import { connect } from "../../src/cluster/connect.ts";
import type { Sidecar } from "../../src/formats/sidecar.ts";
import { importDiff } from "../../src/transfer/import/import-diff.ts";
import { importImage } from "../../src/transfer/import/import-image.ts";
import { importRaw } from "../../src/transfer/import/import-raw.ts";
import { type DyingCall, dieAt } from "./die-at.ts";

export interface DyingImport {
  readonly conf: string;
  readonly kind: "diff" | "image" | "raw";
  readonly image: string;
  /** What is imported. */
  readonly file: string;
  readonly sidecar?: Sidecar | undefined;
  readonly death: DyingCall;
}

const { conf, kind, image, file, sidecar, death } = JSON.parse(process.argv[2] ?? "") as DyingImport;
dieAt(death);
const cluster = await connect({ conf });
const source = createReadStream(file);
if (kind === "diff") await importDiff(cluster, { image, source, sidecar });
if (kind === "image") await importImage(cluster, { image, source });
if (kind === "raw") await importRaw(cluster, { image, source });
await cluster.close();
