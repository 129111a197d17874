import type { WatcherLink } from "../../inventory/inventory-row.ts";
import { forEachLimit } from "../../parallel/for-each-limit.ts";
import { orNull } from "./or-null.ts";
import type { ReadImage } from "./read-image.ts";

/** How many images are opened at a time. */
const opensAtOnce = 24;

/** Gives every row those who have the image open, which takes opening it, read-only. (`rbd_watchers_list`) */
export async function addWatchers(
  images: readonly ReadImage[],
  signal: AbortSignal | undefined,
): Promise<void> {
  await forEachLimit(
    images,
    opensAtOnce,
    async ({ entry: { place, id, name }, row }) => {
      row.watchers = await orNull(async (): Promise<WatcherLink[]> => {
        await using image = await place.ioCtx.openImage(id === "" ? name : { id }, {
          readOnly: true,
          signal,
        });
        const watchers = await image.listWatchers({ signal });
        return watchers.map(({ address, clientId }) => ({ address, client: `client.${clientId}` }));
      });
    },
    signal,
  );
}
