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
