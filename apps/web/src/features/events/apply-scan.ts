import type { ImageListPage } from "@coppice/server/router";
import type { InfiniteData, QueryClient } from "@tanstack/react-query";
import { trpc } from "#lib/trpc/trpc.ts";

/** A scan that found nothing new only makes what is shown younger; nothing is fetched for it. */
export function applyQuietScan(client: QueryClient, scannedAt: string): void {
  client.setQueriesData(trpc.lineage.forest.queryFilter(), (forest) => forest && { ...forest, scannedAt });
  client.setQueriesData<ImageListPage | InfiniteData<ImageListPage>>(
    trpc.images.list.pathFilter(),
    (list) => {
      if (list === undefined) return list;
      if (!("pages" in list)) return { ...list, scannedAt };
      return { ...list, pages: list.pages.map((page) => ({ ...page, scannedAt })) };
    },
  );
}

/** After a scan that found something: all that speaks of images is fetched again when it is next looked at. */
export async function invalidateInventory(client: QueryClient): Promise<void> {
  await Promise.all([
    client.invalidateQueries(trpc.images.pathFilter()),
    client.invalidateQueries(trpc.lineage.pathFilter()),
    client.invalidateQueries(trpc.cluster.pathFilter()),
  ]);
}
