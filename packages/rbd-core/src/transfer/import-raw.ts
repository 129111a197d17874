import type { Image } from "rbd-native";
import type { Cluster } from "../cluster/cluster.ts";
import { translated } from "../errors/to-coppice-error.ts";
import type { ByteSource } from "../formats/byte-source.ts";
import type { DiffRecord } from "../formats/diff-record.ts";
import { type CreateImageOptions, createImage } from "../image/create-image.ts";
import { openImage } from "../image/open-image.ts";
import { formatImageSpec } from "../names/format-image-spec.ts";
import { type ImageSpecLike, toImageOnly } from "../names/to-image-spec.ts";
import { UndoLog } from "../undo/undo-log.ts";
import { holdTarget } from "./hold-target.ts";
import { removeNewImage } from "./remove-new-image.ts";
import { setSize } from "./target-head.ts";
import type { TransferOptions } from "./transfer-progress.ts";
import { writeRecords } from "./write-records.ts";

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
 * Creates an image from its bytes. Whatever goes wrong, the image is removed again.
 *
 * @returns Its size.
 * @throws {CoppiceError} `EXISTS`, `UNDO_FAILED`; the source's error; the signal's reason
 */
export async function importRaw(
  cluster: Cluster,
  options: ImportRawOptions,
): Promise<{ readonly size: number }> {
  const { source, expectedSize = 0, signal, onProgress, image: target, ...create } = options;
  const place = toImageOnly(target);
  const spec = formatImageSpec(place);
  await createImage(cluster, place, { ...create, size: expectedSize });
  const undo = new UndoLog();
  undo.note(`the image ${spec}`, () => removeNewImage(cluster, place));
  try {
    return await translated({ object: spec, what: `${spec} could not be imported` }, async () => {
      await using image = await openImage(cluster, place);
      await holdTarget(image, spec, signal);
      let size = 0;
      const records = growing(image, source, (end) => {
        size = end;
      });
      await writeRecords(image, records, { isEmpty: true, total: expectedSize, signal, onProgress });
      await setSize(image, size, signal);
      return { size };
    });
  } catch (error) {
    return await undo.undoAndThrow(error, "importRaw");
  }
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
