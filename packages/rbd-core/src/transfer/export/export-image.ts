import { Readable } from "node:stream";
import type { SnapshotEntry } from "rbd-native";
import type { Cluster } from "../../cluster/index.ts";
import { withCoppiceErrors } from "../../errors/index.ts";
import { type DiffPart, type ImageHeader, writeImageStream } from "../../formats/index.ts";
import { openImage } from "../../image/index.ts";
import { type ImageSpecLike, showImageSpec, toImageOnly } from "../../names/index.ts";
import { takeHeadSnapshot } from "../head-snapshot.ts";
import { type OpenSourceOptions, openSource } from "../source.ts";
import type { TransferOptions } from "../transfer-options.ts";
import { diffRecords } from "./export-diff.ts";

export interface ExportImageOptions extends OpenSourceOptions, TransferOptions {
  readonly image: ImageSpecLike;
}

/** The properties and the user's snapshots of an image, oldest first. */
interface WholeImage {
  readonly header: ImageHeader;
  readonly snapshots: readonly SnapshotEntry[];
}

/**
 * A stream of an image with all its snapshots and metadata, as `rbd export --export-format 2` writes it. The head
 * is read from a snapshot that is taken for the purpose and removed at the end. Snapshots that are not the user's
 * own are left out.
 *
 * @throws {CoppiceError} through the stream; the signal's reason.
 */
export function exportImage(cluster: Cluster, options: ExportImageOptions): Readable {
  return Readable.from(bytes(cluster, options), { objectMode: false });
}

async function* bytes(
  cluster: Cluster,
  options: ExportImageOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const spec = showImageSpec(toImageOnly(options.image));
  const { header, snapshots } = await withCoppiceErrors({ object: spec }, () => readWhole(cluster, options));
  await using image = await openImage(cluster, options.image);
  const { signal } = options;
  await using head = await withCoppiceErrors({ object: spec }, () => takeHeadSnapshot(image, { signal }));
  yield* writeImageStream(header, snapshots.length + 1, parts(cluster, options, snapshots, head.name));
}

async function readWhole(cluster: Cluster, { image: name, signal }: ExportImageOptions): Promise<WholeImage> {
  await using image = await openImage(cluster, name, { readOnly: true });
  const [{ order }, features, stripe] = [
    await image.stat({ signal }),
    await image.features({ signal }),
    await image.stripe({ signal }),
  ];
  const metadata = [...(await image.listMetadata({ signal }))].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const snapshots = (await image.listSnapshots({ signal })).filter(({ namespace }) => namespace === "user");
  const header = { order, features, stripeUnit: stripe.unit, stripeCount: stripe.count, metadata };
  return { header, snapshots: snapshots.toSorted((a, b) => (a.id < b.id ? -1 : 1)) };
}

async function* parts(
  cluster: Cluster,
  options: ExportImageOptions,
  snapshots: readonly SnapshotEntry[],
  head: string,
): AsyncGenerator<DiffPart, void, undefined> {
  let from: string | undefined;
  for (const snapshot of [...snapshots, undefined]) {
    const range = { image: options.image, from, to: snapshot?.name ?? head };
    await using source = await openSource(cluster, range, options);
    const start = from === undefined ? {} : { from };
    const end = snapshot === undefined ? {} : { to: snapshot.name, protected: snapshot.protected };
    yield { header: { ...start, ...end, size: source.size }, records: diffRecords(source, options) };
    from = snapshot?.name;
  }
}
