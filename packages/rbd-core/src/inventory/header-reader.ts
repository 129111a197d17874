import {
  DecodeError,
  decodeImageHeader,
  decodePackedHeader,
  headerObject,
  type ImageHeader,
  readOmap,
  readPackedOmap,
  readPackedOmapAndTime,
  reasonToAskLibrbd,
  type SnapshotHeader,
} from "../headers/index.ts";
import { type FoundImage, type HeaderLinks, type ImageReader, limitedReader } from "./image-reader.ts";
import type { ScanMemory } from "./inventory-memory.ts";
import type { ImageEntry } from "./list-images.ts";
import type { SnapshotRow } from "./rows.ts";

/** How many images the fallback opens at a time: each takes some twenty calls and a few MiB. */
const opensAtOnce = 24;

/**
 * Reads images from their header objects, with one omap read each and without opening an image. When a header cannot be
 * decoded or does not tell everything, `fallback` reads the image, and its `readNote` says why.
 *
 * @param memory of earlier inventories: headers that did not change since are not read
 */
export function headerReader(fallback: ImageReader, memory?: ScanMemory): ImageReader {
  const opening = limitedReader(fallback, opensAtOnce);
  return {
    async read(entry: ImageEntry, signal: AbortSignal | undefined): Promise<FoundImage> {
      if (entry.id === "") return opening.read(entry, signal);
      const recalled = await memory?.recall(entry, signal);
      if (recalled) return recalled;

      const readAt = Date.now();
      const { header, modified } = await readHeaderObject(entry, memory !== undefined, signal);
      if (header instanceof DecodeError) {
        return { ...(await opening.read(entry, signal)), readNote: header.message };
      }
      const readNote = reasonToAskLibrbd(header);
      if (readNote !== null) {
        return { ...(await opening.read(entry, signal)), readNote, links: headerLinks(header) };
      }
      const found = headerImage(header, entry.place.poolId);
      // Not for an image that librbd reads: its row depends on more than its header.
      memory?.remember(entry, found, modified, readAt);
      return found;
    },
  };
}

/**
 * @returns the header, or why it cannot be decoded, and with `withTime` the modification time of its object, in ms since
 * the epoch
 */
async function readHeaderObject(
  { place: { ioCtx }, id }: ImageEntry,
  withTime: boolean,
  signal: AbortSignal | undefined,
): Promise<{ header: ImageHeader | DecodeError; modified: number }> {
  const object = headerObject(id);
  const { omap, modified } = withTime
    ? await readPackedOmapAndTime(ioCtx, object, signal)
    : { omap: await readPackedOmap(ioCtx, object, signal), modified: 0 };
  // The time belongs to the first page: if the header changes before it is read completely, the next inventory sees that.
  const whole = omap.more ? await readOmap(ioCtx, object, signal) : null;
  try {
    return { header: whole === null ? decodePackedHeader(omap) : decodeImageHeader(whole), modified };
  } catch (error) {
    if (error instanceof DecodeError) return { header: error, modified };
    throw error;
  }
}

/** The fields of a row that the header contains. */
function headerImage(header: ImageHeader, poolId: number): FoundImage {
  const { parent } = header;
  return {
    format: 2,
    size: header.size,
    objectSize: 2 ** header.order,
    features: header.features,
    flags: header.flags,
    dataPoolId: header.dataPoolId === poolId ? null : header.dataPoolId,
    stripeUnit: header.stripeUnit,
    stripeCount: header.stripeCount,
    createdAt: header.createdAt,
    modifiedAt: header.modifiedAt,
    snapshots: header.snapshots.map(snapshotRow),
    parent:
      parent === null || parent.headOverlap === null
        ? null
        : {
            poolId: parent.poolId,
            namespace: parent.namespace,
            imageId: parent.imageId,
            snapshotId: parent.snapshotId,
            overlap: parent.headOverlap,
          },
    readThrough: "header",
    readNote: null,
    links: headerLinks(header),
  };
}

const noLinks: HeaderLinks = { children: [], group: null };

function headerLinks({ children, group }: ImageHeader): HeaderLinks {
  if (children.size === 0) return group === null ? noLinks : { children: [], group };
  const links = [...children].flatMap(([snapshotId, images]) =>
    images.map((image) => ({ ...image, snapshotId })),
  );
  return { children: links, group };
}

/** A snapshot of a header as a row. */
export function snapshotRow({
  id,
  name,
  size,
  namespace,
  protection,
  createdAt,
}: SnapshotHeader): SnapshotRow {
  return {
    id,
    name,
    size,
    kind: namespace.kind === "unknown" ? "user" : namespace.kind,
    // A snapshot that is being unprotected cannot be removed either.
    protected: protection !== "unprotected",
    createdAt: createdAt ?? new Date(0),
  };
}
