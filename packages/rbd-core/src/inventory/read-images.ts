import { forEachLimit } from "../concurrency/index.ts";
import { CoppiceError, hasCode, toCoppiceError } from "../errors/index.ts";
import { headerObject, oldHeaderObject } from "../headers/index.ts";
import type { FoundImage, ImageReader } from "./image-reader.ts";
import { endsScan, type ImageEntry, listPlace, type Place, specIn } from "./list-images.ts";

/** An image that was read, or the reason why it could not be. */
export type ReadOutcome =
  | { entry: ImageEntry; found: FoundImage }
  | { entry: ImageEntry; error: CoppiceError };

interface ReadOptions {
  reader: ImageReader;
  concurrency: number;
  signal: AbortSignal | undefined;
  /** Called after each image. */
  onRead: () => void;
}

/**
 * Reads all entries. An image that cannot be read has its error in its outcome. An image that is not listed any more was
 * deleted meanwhile and has no outcome.
 *
 * @throws {CoppiceError} only when the connection is closed or blocklisted
 */
export async function readEntries(
  entries: readonly ImageEntry[],
  options: ReadOptions,
): Promise<ReadOutcome[]> {
  const outcomes: ReadOutcome[] = [];
  const missing: { entry: ImageEntry; error: CoppiceError }[] = [];
  await forEachLimit(
    entries,
    options.concurrency,
    async (entry) => {
      const outcome = await readEntry(entry, options);
      if ("error" in outcome && hasCode(outcome.error, "NOT_FOUND")) missing.push(outcome);
      else outcomes.push(outcome);
      options.onRead();
    },
    options.signal,
  );
  if (missing.length === 0) return outcomes;

  // An image that was not found may have been deleted, moved to or from the trash, or damaged: list the images again.
  const now = await listAgain(new Set(missing.map(({ entry }) => entry.place)), options.signal);
  for (const { entry, error } of missing) {
    const listed = now.get(entry.place)?.find((other) => other.id === entry.id && sameName(other, entry));
    if (listed === undefined) continue;
    const moved = (listed.trash === null) !== (entry.trash === null);
    outcomes.push(
      moved ? await readEntry(listed, options) : { entry: listed, error: missingHeader(listed, error) },
    );
  }
  return outcomes;
}

/** librbd reports an image without a header as not found, even if it is listed. */
function missingHeader({ place, name, id }: ImageEntry, cause: CoppiceError): CoppiceError {
  const object = specIn(place, name);
  const header = id === "" ? oldHeaderObject(name) : headerObject(id);
  return new CoppiceError({
    code: "NOT_FOUND",
    call: cause.call,
    errno: cause.errno,
    object,
    message: `${object} is listed, but its header ${header} is missing`,
    hint: "The image is damaged, but its data may still exist. Restore it from a backup, or recover its header, before you remove anything.",
    cause,
  });
}

/** An image with an id is identified by that alone, since it may have been renamed. */
function sameName(a: ImageEntry, b: ImageEntry): boolean {
  return a.id !== "" || a.name === b.name;
}

async function readEntry(entry: ImageEntry, options: ReadOptions): Promise<ReadOutcome> {
  try {
    return { entry, found: await options.reader.read(entry, options.signal) };
  } catch (thrown) {
    options.signal?.throwIfAborted();
    return { entry, error: errorOfImage(entry, thrown) };
  }
}

async function listAgain(
  places: ReadonlySet<Place>,
  signal: AbortSignal | undefined,
): Promise<Map<Place, ImageEntry[]>> {
  const listings = [...places].map(async (place) => [place, await listPlace(place, signal)] as const);
  return new Map(await Promise.all(listings));
}

function errorOfImage(entry: ImageEntry, thrown: unknown): CoppiceError {
  const object = specIn(entry.place, entry.name);
  const error = toCoppiceError(thrown, { object, what: `${object} could not be read` });
  if (!(error instanceof CoppiceError)) {
    return new CoppiceError({
      code: "IO",
      call: "inventory",
      object,
      message: `${object} could not be read: ${error instanceof Error ? error.message : String(error)}`,
      cause: error,
    });
  }
  if (endsScan(error)) throw error;
  return error;
}
