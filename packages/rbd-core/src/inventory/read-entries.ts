import { CoppiceError } from "../errors/coppice-error.ts";
import { hasCode, toCoppiceError } from "../errors/to-coppice-error.ts";
import { showImageSpec } from "../names/format-image-spec.ts";
import { forEachLimit } from "../parallel/for-each-limit.ts";
import type { FoundImage, ImageEntry, ImageReader, Place } from "./image-reader.ts";
import { listPlace } from "./list-place.ts";
import { endsScan } from "./scan-places.ts";

export type ReadOutcome =
  | { entry: ImageEntry; found: FoundImage }
  | { entry: ImageEntry; error: CoppiceError };

export interface ReadOptions {
  reader: ImageReader;
  concurrency: number;
  signal: AbortSignal | undefined;
  /** After each image. */
  onRead: () => void;
}

/**
 * Reads every entry. One that cannot be read is an outcome with its error; one that is no longer listed
 * anywhere was deleted meanwhile, and is left out.
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

  // Not found can mean deleted, moved to or from the trash, or broken. The directories tell.
  const now = await entriesNow(new Set(missing.map(({ entry }) => entry.place)));
  for (const { entry, error } of missing) {
    const listed = now.get(entry.place)?.find((other) => other.id === entry.id && sameName(other, entry));
    if (listed === undefined) continue;
    const moved = (listed.trash === null) !== (entry.trash === null);
    outcomes.push(
      moved ? await readEntry(listed, options) : { entry: listed, error: headerMissing(listed, error) },
    );
  }
  return outcomes;
}

/** What librbd calls "no such image" is, for one that is still listed, an image without its header. */
function headerMissing({ place, name, id }: ImageEntry, cause: CoppiceError): CoppiceError {
  const object = showImageSpec({ pool: place.poolName, namespace: place.namespace, image: name });
  const header = id === "" ? `${name}.rbd` : `rbd_header.${id}`;
  return new CoppiceError({
    code: "NOT_FOUND",
    call: cause.call,
    errno: cause.errno,
    object,
    message: `${object} is listed, but its header ${header} is missing`,
    hint: "The image is damaged, and its data may still be there. Restore it from a backup, or have the header recovered, before removing anything.",
    cause,
  });
}

/** An image with an id is that id, whatever its name has become. */
function sameName(a: ImageEntry, b: ImageEntry): boolean {
  return a.id !== "" || a.name === b.name;
}

async function readEntry(entry: ImageEntry, options: ReadOptions): Promise<ReadOutcome> {
  try {
    return { entry, found: await options.reader.read(entry, options.signal) };
  } catch (thrown) {
    options.signal?.throwIfAborted();
    return { entry, error: asRowError(entry, thrown) };
  }
}

async function entriesNow(places: ReadonlySet<Place>): Promise<Map<Place, ImageEntry[]>> {
  const listings = [...places].map(async (place) => [place, await listPlace(place)] as const);
  return new Map(await Promise.all(listings));
}

function asRowError(entry: ImageEntry, thrown: unknown): CoppiceError {
  const { place, name } = entry;
  const object = showImageSpec({ pool: place.poolName, namespace: place.namespace, image: name });
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
