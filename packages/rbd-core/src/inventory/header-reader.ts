import {
  DecodeError,
  decodeImageHeader,
  decodePackedHeader,
  headerObject,
  type ImageHeader,
  type Omap,
  type PackedOmap,
  readOmap,
  readPackedOmap,
  readPackedOmapAndTime,
  reasonToAskLibrbd,
  type SnapshotHeader,
} from "../headers/index.ts";
import {
  type FoundImage,
  type HeaderLinks,
  type ImageEntry,
  type ImageReader,
  limitedReader,
} from "./image-reader.ts";
import type { SnapshotRow } from "./rows.ts";

/** How many images the fallback may open at a time: each is some twenty calls and a few MiB. */
const opensAtOnce = 24;

/**
 * Reads images by their header objects: one omap read each, no image is opened. Where a header does not decode,
 * or is not the whole truth, `fallback` reads the image and the note says why.
 *
 * @param memory of a scan before: what has not changed since is not read again
 */
export function headerReader(fallback: ImageReader, memory?: InventoryMemory): ImageReader {
  const opening = limitedReader(fallback, opensAtOnce);
  const throughLibrbd = async (
    entry: ImageEntry,
    header: ImageHeader | DecodeError,
    signal?: AbortSignal,
  ) => {
    const found = await opening.read(entry, signal);
    return header instanceof DecodeError
      ? { ...found, readNote: header.message }
      : { ...found, readNote: reasonToAskLibrbd(header), links: headerLinks(header) };
  };
  const interpret = (entry: ImageEntry, header: ImageHeader | DecodeError, signal?: AbortSignal) =>
    header instanceof DecodeError || reasonToAskLibrbd(header) !== null
      ? throughLibrbd(entry, header, signal)
      : headerImage(header, entry.place.poolId);
  return {
    async read(entry: ImageEntry, signal: AbortSignal | undefined): Promise<FoundImage> {
      if (entry.id === "") return opening.read(entry, signal);
      const { ioCtx } = entry.place;
      const object = headerObject(entry.id);
      if (memory === undefined) {
        const omap = await readPackedOmap(ioCtx, object, signal);
        const header = omap.more ? decoded(await readOmap(ioCtx, object, signal)) : decodedPacked(omap);
        return interpret(entry, header, signal);
      }

      const recalled = memory.recall(entry);
      if (recalled !== undefined) {
        const { modified } = await ioCtx.objects.stat(object, { signal });
        if (modified.getTime() === recalled.modified) {
          memory.keep();
          return recalled.found;
        }
      }
      const askedAt = Date.now();
      const { omap, modified } = await readPackedOmapAndTime(ioCtx, object, signal);
      // The time is of the first page: should the object change while more are read, the next scan sees that.
      const header = omap.more ? decoded(await readOmap(ioCtx, object, signal)) : decodedPacked(omap);
      const found = await interpret(entry, header, signal);
      // What librbd had to be asked for depends on more than the header.
      if (found.readThrough === "header") memory.remember(entry, found, modified, askedAt);
      return found;
    },
  };
}

function decoded(omap: Omap): ImageHeader | DecodeError {
  return orDecodeError(() => decodeImageHeader(omap));
}

function decodedPacked(omap: PackedOmap): ImageHeader | DecodeError {
  return orDecodeError(() => decodePackedHeader(omap));
}

function orDecodeError(decode: () => ImageHeader): ImageHeader | DecodeError {
  try {
    return decode();
  } catch (error) {
    if (error instanceof DecodeError) return error;
    throw error;
  }
}

/** What an inventory shows of an image, out of its header. */
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
    // One that is being unprotected cannot be removed either.
    protected: protection !== "unprotected",
    createdAt: createdAt ?? new Date(0),
  };
}

/**
 * How long an object must have rested before its modification time is trusted to show the next change. The
 * time has whole seconds and is set by the clock of whoever writes: two writes can only be taken for one when
 * they fall into the same second, and the second comes after the scan only when that clock is off by more than
 * this.
 */
const settleSeconds = 300;

interface Remembered {
  found: FoundImage;
  /** Of the header object, in ms since the epoch. */
  modified: number;
  settled: boolean;
}

/**
 * What one scan leaves for the next, so that it reads only the headers that changed. Give the same one to each
 * `inventory` of the same pools of a cluster: what a scan does not come across is forgotten. Holds about as much as the inventory itself.
 *
 * A scan with a memory asks every header object for its modification time, which costs less than half of
 * reading it. Watching the headers instead would need no asking, but a watcher makes an image look used, and
 * Ceph then refuses to move it to the trash.
 */
export class InventoryMemory {
  readonly #images = new Map<string, Remembered>();
  /** What the scan under way has come across. */
  #seen = new Set<string>();
  #read = 0;
  #unchanged = 0;

  /** How many headers the scans so far had to read. */
  get headersRead(): number {
    return this.#read;
  }

  /** How many headers the scans so far found as they remembered them. */
  get headersUnchanged(): number {
    return this.#unchanged;
  }

  /** How many images are remembered. */
  get size(): number {
    return this.#images.size;
  }

  /** The image as it was, and the modification time its header must still have; for the scan alone. */
  recall(entry: ImageEntry): { found: FoundImage; modified: number } | undefined {
    const key = keyOf(entry);
    const remembered = this.#images.get(key);
    this.#seen.add(key);
    return remembered?.settled ? remembered : undefined;
  }

  /** For the scan alone. */
  keep(): void {
    this.#unchanged += 1;
  }

  /** For the scan alone. @param askedAt when the read was begun, in ms since the epoch */
  remember(entry: ImageEntry, found: FoundImage, modified: number, askedAt: number): void {
    this.#read += 1;
    this.#images.set(keyOf(entry), { found, modified, settled: modified + settleSeconds * 1000 < askedAt });
  }

  /** Forgets what the scan did not come across; for the scan alone, when it is complete. */
  endScan(): void {
    for (const key of this.#images.keys()) if (!this.#seen.has(key)) this.#images.delete(key);
    this.#seen = new Set();
  }
}

function keyOf({ place, id }: ImageEntry): string {
  return `${place.poolId}/${place.namespace}/${id}`;
}
