/** Bounds on what is read before it is asked for. */
interface ReadAheadLimits {
  /** Reads in flight or waiting to be taken. */
  readonly operations: number;
  /** Their bytes. */
  readonly bytes: number;
}

/**
 * Starts `read` for items ahead of who takes the results, which come in the items' order.
 *
 * When it is left early or fails, the reads in flight are waited for: nothing is left running.
 *
 * @param size How many bytes an item's read takes.
 */
export async function* readAhead<Item, Result>(
  items: AsyncIterable<Item>,
  size: (item: Item) => number,
  read: (item: Item) => Promise<Result>,
  limits: ReadAheadLimits,
): AsyncGenerator<Result, void, undefined> {
  const started: { result: Promise<Result>; bytes: number }[] = [];
  let bytes = 0;
  const take = async () => {
    const oldest = started[0];
    if (oldest === undefined) throw new Error("nothing was started");
    const result = await oldest.result;
    started.shift();
    bytes -= oldest.bytes;
    return result;
  };
  try {
    for await (const item of items) {
      const more = size(item);
      while (started.length > 0 && (started.length >= limits.operations || bytes + more > limits.bytes)) {
        yield await take();
      }
      const result = read(item);
      // Told by take(); until then nobody listens.
      result.catch(() => {});
      started.push({ result, bytes: more });
      bytes += more;
    }
    while (started.length > 0) yield await take();
  } finally {
    await Promise.allSettled(started.map(({ result }) => result));
  }
}

/**
 * Opens one thing for each item, the next while the one before is in use, and closes each when the caller goes on or
 * leaves.
 *
 * @throws What `open` does, when its item's turn comes.
 */
export async function* openAhead<Item, Opened extends AsyncDisposable>(
  items: readonly Item[],
  open: (item: Item) => Promise<Opened>,
): AsyncGenerator<readonly [Opened, Item], void, undefined> {
  let next: Promise<Opened> | undefined;
  try {
    for (const [i, item] of items.entries()) {
      const opening = next ?? open(item);
      next = undefined;
      await using opened = await opening;
      const following = items[i + 1];
      if (following !== undefined) {
        next = open(following);
        // Told when its turn comes.
        next.catch(() => undefined);
      }
      yield [opened, item];
    }
  } finally {
    const left = await next?.catch(() => undefined);
    await left?.[Symbol.asyncDispose]();
  }
}
