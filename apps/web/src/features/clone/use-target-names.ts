import { skipToken, useQuery } from "@tanstack/react-query";
import { trpc } from "#lib/trpc/trpc.ts";

const MAX_NAMES = 500;

/** Names in `place` (`pool` or `pool/namespace`) that begin like clones of `image`, to suggest a free one. */
export function useTargetNames(place: string, image: string): ReadonlySet<string> | undefined {
  const [pool = "", namespace = ""] = place.split("/");
  const names = useQuery(
    trpc.images.list.queryOptions(
      place === "" || image === "" ? skipToken : { pool, namespace, search: image, limit: MAX_NAMES },
      { select: (page) => new Set(page.rows.filter((row) => !row.inTrash).map((row) => row.name)) },
    ),
  );
  return names.data;
}
