import type { Image } from "rbd-native";
import type { Cluster } from "../../cluster/index.ts";
import type { ByteSource, DiffRecord } from "../../formats/index.ts";
import { type CreateImageOptions, checkSize } from "../../image/index.ts";
import { formatImageSpec, type ImageSpecLike, toImageOnly } from "../../names/index.ts";
import { setSize } from "../target/head.ts";
import type { TransferOptions } from "../transfer-options.ts";
import { importNew } from "./import-image.ts";
import { writeRecords } from "./write-window.ts";

/** While the length of the source is not known, the image grows in steps of at least this many bytes. */
const leastStep = 1024 ** 3;

export interface ImportRawOptions extends TransferOptions, Omit<CreateImageOptions, "size"> {
  /** The image to create. */
  readonly image: ImageSpecLike;
  /** Its bytes. Zeroes become holes. */
  readonly source: ByteSource;
  /** How many bytes will come, when that is known: for the progress. */
  readonly expectedSize?: number | undefined;
}

/**
 * Creates an image from its bytes. Whatever goes wrong, the image is removed again; when the process ends on the way, the
 * next import to the same name begins by removing what it left.
 *
 * @returns Its size.
 * @throws {CoppiceError} `EXISTS`, `BUSY` while another process imports to that name, `QUOTA_EXCEEDED`,
 * `NO_SPACE`, `UNDO_FAILED`; the source's error; the signal's reason
 */
export async function importRaw(
  cluster: Cluster,
  options: ImportRawOptions,
): Promise<{ readonly size: number }> {
  const { source, expectedSize = 0, signal, onProgress, image: target, ...create } = options;
  const place = toImageOnly(target);
  if (expectedSize !== 0) checkSize("importRaw", formatImageSpec(place), expectedSize);
  return await importNew(cluster, place, { call: "importRaw", create, signal }, async (image) => {
    await setSize(image, expectedSize, signal);
    let size = 0;
    const records = growing(image, source, (end) => {
      size = end;
    });
    await writeRecords(image, records, { isEmpty: true, total: expectedSize, signal, onProgress });
    await setSize(image, size, signal);
    return { size };
  });
}

/** The bytes as records, with the image kept large enough for them. */
async function* growing(
  image: Image,
  source: ByteSource,
  onEnd: (end: number) => void,
): AsyncGenerator<DiffRecord, void, undefined> {
  let room = await image.size();
  let offset = 0;
  for await (const data of source) {
    const end = offset + data.length;
    if (end > room) {
      room = Math.max(end, 2 * room, leastStep);
      await image.resize(room);
    }
    yield { type: "data", offset, data };
    offset = end;
    onEnd(end);
  }
}
