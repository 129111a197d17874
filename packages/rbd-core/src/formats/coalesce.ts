const enough = 64 * 1024;

/** Joins small pieces into chunks of at least 64 KiB, and lets large ones through without copying them. */
export async function* coalesce(
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let held: Uint8Array[] = [];
  let size = 0;
  const flush = () => {
    const joined = Buffer.concat(held, size);
    held = [];
    size = 0;
    return joined;
  };
  for await (const piece of source) {
    if (piece.length >= enough) {
      if (size > 0) yield flush();
      yield piece;
      continue;
    }
    held.push(piece);
    size += piece.length;
    if (size >= enough) yield flush();
  }
  if (size > 0) yield flush();
}
