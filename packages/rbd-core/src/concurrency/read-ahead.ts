/** How much is read before the consumer asks for it. */
interface ReadAheadLimits {
  /** Reads that are running or whose result has not been consumed. */
  readonly operations: number;
  /** The bytes of those reads. */
  readonly bytes: number;
}

/**
 * Reads ahead of the consumer, and yields the results in the items' order.
 *
 * When the consumer leaves the loop or a read fails, the running reads are awaited first, so that nothing is left
 * running.
 *
 * @param size The number of bytes that reading an item takes.
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
      // take() reports a failure; until then the rejection must not count as unhandled.
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
 * Opens a resource for each item, always one ahead of the consumer, and closes each one when the consumer asks for the
 * next or leaves the loop.
 *
 * @throws What `open` throws, when the consumer reaches that item.
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
        // A failure is reported when the consumer reaches the item.
        next.catch(() => undefined);
      }
      yield [opened, item];
    }
  } finally {
    const left = await next?.catch(() => undefined);
    await left?.[Symbol.asyncDispose]();
  }
}
