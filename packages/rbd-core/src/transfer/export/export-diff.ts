import { Readable } from "node:stream";
import type { Cluster } from "../../cluster/cluster.ts";
import { toCoppiceError } from "../../errors/to-coppice-error.ts";
import { coalesce } from "../../formats/coalesce.ts";
import { digesting } from "../../formats/digest-bytes.ts";
import { encodeDiff } from "../../formats/encode-diff.ts";
import type { Sidecar } from "../../formats/sidecar.ts";
import {
  type OpenSourceOptions,
  openSource,
  type Source,
  type SourceRange,
} from "../source-image/open-source.ts";
import type { TransferOptions } from "../transfer-progress.ts";
import { diffRecords } from "./diff-records.ts";

export interface ExportDiffOptions extends SourceRange, OpenSourceOptions, TransferOptions {
  /** Called before the stream ends, with what belongs beside it: identity, sizes and digests. */
  readonly onSidecar?: ((sidecar: Sidecar) => void) | undefined;
  /** The clock of the sidecar's `createdAt`. */
  readonly now?: (() => Date) | undefined;
}

/**
 * A stream of what changed between two snapshots, or of all there is at one, in the rbd diff format, version 1: for
 * `importDiff`, `rbd import-diff` and `rbd merge-diff`. Extents ascend. Nothing is read that the stream's reader
 * has no room for beyond 64 MiB; destroying the stream ends everything.
 *
 * @throws {CoppiceError} through the stream; the signal's reason.
 */
export function exportDiff(cluster: Cluster, options: ExportDiffOptions): Readable {
  return Readable.from(bytes(cluster, options), { objectMode: false });
}

async function* bytes(
  cluster: Cluster,
  options: ExportDiffOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  await using source = await openSource(cluster, options, options);
  const header = {
    ...(source.from === undefined ? {} : { from: source.from.name }),
    to: source.to.name,
    size: source.size,
  };
  try {
    const { content, digest } = digesting(coalesce(encodeDiff(header, diffRecords(source, options))));
    yield* content;
    const { now = () => new Date() } = options;
    options.onSidecar?.(sidecarOf(source, digest(), now()));
  } catch (error) {
    throw toCoppiceError(error, { object: `${source.spec}@${source.to.name}` });
  }
}

/** What belongs beside a diff of the source. */
function sidecarOf(source: Source, content: Sidecar["content"], createdAt: Date): Sidecar {
  const snapshot = ({ name, id }: { name: string; id: bigint }) => ({ name, id: String(id) });
  return {
    format: "coppice sidecar",
    version: 1,
    kind: "diff",
    source: source.identity,
    from: source.from === undefined ? null : snapshot(source.from),
    to: snapshot(source.to),
    size: source.size,
    objectSize: source.objectSize,
    content,
    stored: null,
    createdAt: createdAt.toISOString(),
  };
}
